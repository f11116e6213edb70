// Values as they become durable: server-sent events of a few streams. The browser asks again by itself when the line breaks.

import { BASE } from './client';
import type { Sample } from './documents';
import { paths } from './paths';

export type LiveValue = Sample & { stream: string };

export class Live {
  /** The newest value of each stream, by its name. */
  values = $state.raw<Record<string, LiveValue>>({});

  constructor(names: () => string[]) {
    const asked = $derived(names().join('\n'));
    $effect(() => {
      if (asked === '') return;
      const source = new EventSource(BASE + paths.live(asked.split('\n')));
      source.addEventListener('values', (event: MessageEvent<string>) => this.#take(event.data));
      return () => source.close();
    });
  }

  #take(text: string): void {
    const told = JSON.parse(text) as { values: LiveValue[] };
    const values = { ...this.values };
    for (const value of told.values) values[value.stream] = value;
    this.values = values;
  }
}
