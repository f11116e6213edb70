// A document that a page keeps an eye on: asked for at once, again at its pace, and not while nobody looks.

import { get, Problem } from './client';
import { session } from '../app/session.svelte';

export class Watch<T> {
  data = $state.raw<T | null>(null);
  problem = $state.raw<Problem | null>(null);
  /** When the data came, in milliseconds since 1970. */
  at = $state(0);
  busy = $state(false);
  #path: () => string | null;
  #again = $state(0);

  /** `path` may depend on reactive state and may be null for nothing; `every` is in milliseconds, 0 for once. */
  constructor(path: () => string | null, every: number | (() => number) = 0) {
    this.#path = path;
    $effect(() => {
      const now = this.#path();
      void this.#again;
      const pace = typeof every === 'function' ? every() : every;
      if (now === null) {
        this.data = null;
        return;
      }
      return this.#keep(now, pace);
    });
  }

  /** Asks again now. */
  refresh(): void {
    this.#again += 1;
  }

  #keep(path: string, every: number): () => void {
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = async () => {
      clearTimeout(timer);
      if (stop.signal.aborted) return;
      if (!document.hidden || this.at === 0) await this.#ask(path, stop.signal);
      if (every > 0 && !stop.signal.aborted) timer = setTimeout(look, this.problem ? Math.max(every, RETRY) : every);
    };
    const shown = () => {
      if (!document.hidden && every > 0) void look();
    };
    document.addEventListener('visibilitychange', shown);
    void look();
    return () => {
      stop.abort();
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', shown);
    };
  }

  async #ask(path: string, signal: AbortSignal): Promise<void> {
    this.busy = true;
    try {
      const data = await get<T>(path, signal);
      if (signal.aborted) return;
      this.data = data;
      this.problem = null;
      this.at = Date.now();
    } catch (error) {
      if (signal.aborted) return;
      this.problem = error instanceof Problem ? error : new Problem(0, 'this page has a mistake', String(error));
      if (this.problem.needsLogin) session.lost();
    } finally {
      if (!signal.aborted) this.busy = false;
    }
  }
}

const RETRY = 3_000;
