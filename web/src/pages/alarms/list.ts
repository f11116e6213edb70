// Which events are shown: those whose words fit, the newest first. Pure.

import type { PlantEvent } from '../../api/documents';
import type { Shown } from '../../format/state';

export function fitting(events: PlantEvent[], search: string, least: number): PlantEvent[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const text = (one: PlantEvent) => [one.message, one.source_name, one.type_name, one.stream, one.condition?.name].join(' ').toLowerCase();
  return events
    .filter((one) => one.severity >= least && words.every((word) => text(one).includes(word)))
    .toSorted((one, two) => two.time.localeCompare(one.time));
}

/** How an alarm stands; null for an event that is none. */
export function standing(one: PlantEvent): Shown | null {
  const condition = one.condition;
  if (!condition) return null;
  if (condition.enabled === false) return { words: 'disabled', tone: 'idle', meaning: 'The server does not watch this condition now.' };
  const seen = condition.acknowledged;
  if (condition.active) {
    return seen ? { words: 'active, acknowledged', tone: 'warn', meaning: 'Somebody knows of it.' } : { words: 'active', tone: 'bad', meaning: 'Nobody has acknowledged it yet.' };
  }
  if (condition.active === null) return { words: seen ? 'acknowledged' : 'to acknowledge', tone: seen ? 'calm' : 'warn', meaning: 'The condition does not say whether it is active.' };
  return seen === false ? { words: 'gone, not acknowledged', tone: 'warn', meaning: 'It is over; nobody has acknowledged it.' } : { words: 'gone', tone: 'ok', meaning: 'It is over.' };
}
