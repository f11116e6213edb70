// The steps from an address to flowing values, and how far a source is on them, read from its state.

export interface Rung { text: string; at: 'done' | 'now' | 'stuck' | 'ahead' }

const STEPS = ['reach the server', 'trust its certificate', 'agree on security', 'be trusted by it', 'log in', 'browse', 'values flow'];

/** On which step a state stands, and whether somebody must do something there. */
const STANDS: Record<string, [number, 'now' | 'stuck']> = {
  connecting: [0, 'now'],
  unreachable: [0, 'stuck'],
  'server-not-trusted': [1, 'stuck'],
  'security-refused': [2, 'stuck'],
  misconfigured: [2, 'stuck'],
  'waiting-for-server-trust': [3, 'stuck'],
  'login-refused': [4, 'stuck'],
  browsing: [5, 'now'],
  recovering: [6, 'now'],
  stale: [6, 'stuck'],
  'storage-failed': [6, 'stuck'],
  flowing: [7, 'now'],
  quiet: [7, 'now'],
};

export function ladder(state: string): Rung[] {
  const stands = Object.hasOwn(STANDS, state) ? STANDS[state] : undefined;
  return STEPS.map((text, index) => {
    if (!stands) return { text, at: 'ahead' };
    const [step, how] = stands;
    return { text, at: index < step ? 'done' : index === step ? how : 'ahead' };
  });
}
