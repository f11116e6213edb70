// Commands for the very configuration that is served here, wherever they are pasted.

import { get } from '../api/client';
import type { About } from '../api/documents';
import { paths } from '../api/paths';
import { command } from '../format/command';

const DEFAULT = 'lockgate.toml';

class Place {
  about = $state.raw<About | null>(null);

  async find(): Promise<void> {
    this.about = await get<About>(paths.about).catch(() => null);
  }
}

export const place = new Place();

/** A line to copy, with `--config` where the configuration is not where lockgate looks by itself. */
export function cli(...words: (string | null | undefined | false)[]): string {
  const config = place.about?.config;
  return config && config !== DEFAULT ? command(...words, '--config', config) : command(...words);
}
