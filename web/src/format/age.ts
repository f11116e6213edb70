// How long ago, how long still, how long from to: in the two largest units, as a person would say it.

const UNITS: [string, number][] = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
  ['s', 1],
];

/** `0 s`, `42 s`, `3 min 5 s`, `2 h 10 min`, `5 d 3 h`, `1 204 d`. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  const whole = Math.max(0, Math.floor(seconds));
  for (const [index, [name, size]] of UNITS.entries()) {
    if (whole < size && name !== 's') continue;
    const count = Math.floor(whole / size);
    const next = UNITS[index + 1];
    const rest = next ? Math.floor((whole % size) / next[1]) : 0;
    const large = name === 'd' && count >= 100;
    return rest > 0 && next && !large ? `${grouped(count)} ${name} ${rest} ${next[0]}` : `${grouped(count)} ${name}`;
  }
  return '0 s';
}

/** Whole numbers with thin spaces between groups of three; four digits stay together. */
export function grouped(value: number): string {
  const text = Math.round(value).toString();
  return Math.abs(value) < 10_000 ? text : text.replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

/** Seconds from a time in RFC 3339 to now; null when there is no such time. */
export function secondsSince(time: string | null | undefined, now: number): number | null {
  const at = time ? Date.parse(time) : NaN;
  return Number.isNaN(at) ? null : Math.max(0, (now - at) / 1000);
}

/** `12 s ago`, `in 3 d`, `now`. */
export function relative(time: string, now: number): string {
  const seconds = (Date.parse(time) - now) / 1000;
  if (Number.isNaN(seconds)) return '–';
  if (Math.abs(seconds) < 1) return 'now';
  return seconds < 0 ? `${duration(-seconds)} ago` : `in ${duration(seconds)}`;
}
