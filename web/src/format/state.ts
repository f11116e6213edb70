// States of sources, sinks, gaps and jobs: their words, how much they should worry, and the sign beside the colour.

export type Tone = 'ok' | 'calm' | 'warn' | 'bad' | 'idle';

export interface Shown {
  words: string;
  tone: Tone;
  /** What it means, in one sentence. */
  meaning: string;
}

const SOURCE: Record<string, [string, Tone, string]> = {
  flowing: ['flowing', 'ok', 'Values arrive.'],
  quiet: ['quiet', 'calm', 'The server answers in time; no value changes.'],
  connecting: ['connecting', 'warn', 'Looking for the server, or opening the channel.'],
  browsing: ['browsing', 'warn', 'Reading the address space and asking for the streams.'],
  recovering: ['recovering', 'warn', 'Fetching what the server kept while the connection was away.'],
  stale: ['stale', 'bad', 'The server has been silent for longer than it promised.'],
  'waiting-for-server-trust': ['waiting for the server to trust us', 'warn', 'The server closed the channel right after our certificate.'],
  'server-not-trusted': ['server not trusted', 'bad', 'We do not trust the certificate of the server.'],
  'security-refused': ['security refused', 'bad', 'The server offers less security than was agreed.'],
  'login-refused': ['login refused', 'bad', 'The server refused the user.'],
  unreachable: ['unreachable', 'bad', 'The server cannot be reached; trying again.'],
  misconfigured: ['misconfigured', 'bad', 'Our own side is at fault: certificate, key, secret or configuration.'],
  'storage-failed': ['storage failed', 'bad', 'Values arrive, but cannot be made durable: nothing is acknowledged.'],
  stopped: ['stopped', 'idle', 'Not running.'],
};

const SINK: Record<string, [string, Tone, string]> = {
  delivering: ['delivering', 'ok', 'What is collected is handed on.'],
  starting: ['starting', 'warn', 'Opened, nothing was delivered yet.'],
  failing: ['failing', 'bad', 'Nothing can be delivered; values wait in the journal.'],
};

const GAP: Record<string, [string, Tone, string]> = {
  open: ['open', 'warn', 'Still missing; tried again.'],
  filled: ['filled', 'ok', 'History was read over the whole interval.'],
  partly: ['partly filled', 'warn', 'Some of it was had from the history of the server.'],
  unfillable: ['cannot be filled', 'bad', 'The server has no history of it.'],
};

const JOB: Record<string, [string, Tone, string]> = {
  waiting: ['waiting', 'idle', 'Begins when a collector has time for it.'],
  running: ['running', 'calm', 'History is being read.'],
  paused: ['paused', 'warn', 'Stopped until it is resumed.'],
  done: ['done', 'ok', 'Everything was read.'],
  failed: ['failed', 'bad', 'It could not be finished.'],
  cancelled: ['cancelled', 'idle', 'Given up on request.'],
};

export const sourceState = (state: string): Shown => look(SOURCE, state);
export const sinkState = (state: string): Shown => look(SINK, state);
export const gapState = (state: string): Shown => look(GAP, state);
export const jobState = (state: string): Shown => look(JOB, state);

/** Whether data arrive as promised. */
export function isHealthy(state: string): boolean {
  return state === 'flowing' || state === 'quiet';
}

/** Whether a stream has events, not values: its type is that of the standard. */
export function isOfEvents(stream: { data_type: string }): boolean {
  return stream.data_type.endsWith('EventType');
}

/** Good, Uncertain or Bad, from the two top bits of an OPC UA status code. */
export function quality(code: number | null | undefined): Shown {
  const top = ((code ?? 0) >>> 30) & 3;
  if (top === 0) return { words: 'Good', tone: 'ok', meaning: 'The value can be used.' };
  if (top === 1) return { words: 'Uncertain', tone: 'warn', meaning: 'The value may be used with care.' };
  return { words: 'Bad', tone: 'bad', meaning: 'There is no usable value.' };
}

/** How an alarm of this severity (1 to 1000) should look. */
export function severity(value: number): Shown {
  if (value >= 667) return { words: 'high', tone: 'bad', meaning: 'severity 667 to 1000' };
  if (value >= 334) return { words: 'medium', tone: 'warn', meaning: 'severity 334 to 666' };
  return { words: 'low', tone: 'calm', meaning: 'severity 1 to 333' };
}

/** A state comes as its name or, in `lockgate/status/1`, in words; both find the same line. */
function look(table: Record<string, [string, Tone, string]>, state: string): Shown {
  const key = state.replaceAll(' ', '-').replace('-the-', '-').replace('server-to-trust-us', 'server-trust');
  const found = Object.hasOwn(table, key) ? table[key] : undefined;
  if (!found) return { words: state.replaceAll('-', ' '), tone: 'idle', meaning: '' };
  return { words: found[0], tone: found[1], meaning: found[2] };
}
