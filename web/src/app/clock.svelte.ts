// The time of day that ages are told from, once a second, and the zone in which times are shown.

import { localZone, UTC, zoneName, type Zone } from '../format/time';

const KEY = 'lockgate.zone';

class Clock {
  now = $state(Date.now());
  utc = $state(localStorage.getItem(KEY) === UTC);
  /** The plant's zone; that of this computer as long as the server names none. */
  plant = $state<Zone>(localZone());

  constructor() {
    setInterval(() => {
      this.now = Date.now();
    }, 1_000);
  }

  get zone(): Zone {
    return this.utc ? UTC : this.plant;
  }

  get other(): Zone {
    return this.utc ? this.plant : UTC;
  }

  get name(): string {
    return zoneName(this.zone, this.now);
  }

  toggle(): void {
    this.utc = !this.utc;
    localStorage.setItem(KEY, this.utc ? UTC : 'plant');
  }
}

export const clock = new Clock();
