// What every page may want to know about the whole: the status, kept fresh, and how each source's rate went lately.

import type { Status, StatusOfSource } from '../api/documents';
import { paths } from '../api/paths';
import { Watch } from '../api/watch.svelte';
import { place } from './cli.svelte';
import { troubles } from '../pages/overview/troubles';

const KEPT = 60;

class Plant {
  watch = $state.raw<Watch<Status> | null>(null);
  /** Values a second of each source, the newest last, one for each look. */
  rates = $state<Record<string, number[]>>({});

  get status(): Status | null {
    return this.watch?.data ?? null;
  }

  get attention(): number {
    return this.status ? troubles(this.status).length : 0;
  }

  source(name: string): StatusOfSource | null {
    return this.status?.sources.find((one) => one.source === name) ?? null;
  }

  /** Begins to look, as long as the component that calls this is there. */
  keep(): void {
    const watch = new Watch<Status>(() => paths.status, 2_000);
    this.watch = watch;
    void place.find();
    $effect(() => {
      if (watch.data) this.#note(watch.data);
    });
  }

  #note(status: Status): void {
    const rates: Record<string, number[]> = {};
    for (const { source, last } of status.sources) {
      rates[source] = [...(this.#before[source] ?? []), status.running ? (last?.values_per_second ?? 0) : 0].slice(-KEPT);
    }
    this.#before = rates;
    this.rates = rates;
  }

  #before: Record<string, number[]> = {};
}

export const plant = new Plant();
