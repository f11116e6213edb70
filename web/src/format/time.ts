// Points in time, in the plant's zone or in UTC. The zone is always said beside the time, or above its column.

export type Zone = string;

export const UTC: Zone = 'UTC';

/** The zone of this computer, by its IANA name. */
export function localZone(): Zone {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || UTC;
}

/** `2026-11-23 22:07:03`, with `digits` behind the second. */
export function dateTime(time: string | number | null | undefined, zone: Zone, digits = 0): string {
  const at = parse(time);
  if (at === null) return '–';
  const part = parts(at, zone);
  const fraction = digits > 0 ? `.${String(at % 1000).padStart(3, '0').slice(0, digits)}` : '';
  return `${part.year}-${part.month}-${part.day} ${part.hour}:${part.minute}:${part.second}${fraction}`;
}

/** `22:07:03` when it is of the same day as `now` in that zone, else with its date. */
export function shortTime(time: string | number | null | undefined, now: number, zone: Zone): string {
  const whole = dateTime(time, zone);
  return whole.slice(0, 10) === dateTime(now, zone).slice(0, 10) ? whole.slice(11) : whole;
}

/** `2031-11-22`. */
export function date(time: string | null | undefined, zone: Zone): string {
  return dateTime(time, zone).slice(0, 10);
}

/** Short name of a zone at a time: `CET`, `GMT+1`, `UTC`. */
export function zoneName(zone: Zone, at: number): string {
  if (zone === UTC) return UTC;
  const named = new Intl.DateTimeFormat('en-GB', { timeZone: zone, timeZoneName: 'short' }).formatToParts(at);
  return named.find((part) => part.type === 'timeZoneName')?.value ?? zone;
}

/** Milliseconds since 1970; null for what is no time. */
export function parse(time: string | number | null | undefined): number | null {
  if (time === null || time === undefined) return null;
  const at = typeof time === 'number' ? time : Date.parse(time);
  return Number.isNaN(at) ? null : Math.floor(at);
}

function parts(at: number, zone: Zone): Record<string, string> {
  const out: Record<string, string> = {};
  for (const part of formatter(zone).formatToParts(at)) out[part.type] = part.value;
  return out;
}

function formatter(zone: Zone): Intl.DateTimeFormat {
  let made = made_before.get(zone);
  if (!made) {
    made = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit',
      hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23',
    });
    made_before.set(zone, made);
  }
  return made;
}

const made_before = new Map<Zone, Intl.DateTimeFormat>();
