// A change that somebody ordered: under way, done, or refused with the reason.

import { Problem } from './client';

export class Change {
  busy = $state(false);
  problem = $state.raw<Problem | null>(null);

  /** Does it; gives back whether it was done. */
  async run(what: () => Promise<unknown>): Promise<boolean> {
    this.busy = true;
    this.problem = null;
    try {
      await what();
      return true;
    } catch (error) {
      this.problem = error instanceof Problem ? error : new Problem(0, String(error));
      return false;
    } finally {
      this.busy = false;
    }
  }
}
