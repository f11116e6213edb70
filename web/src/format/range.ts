// A range of time as it stands in the address of a page: `-1h` to `now`, or two times in RFC 3339.

export interface Range {
  from: string;
  to: string;
}

/** What can be chosen by one click, the command line's own spelling. */
export const SPANS: { text: string; from: string }[] = [
  { text: '5 min', from: '-5m' },
  { text: '1 h', from: '-1h' },
  { text: '8 h', from: '-8h' },
  { text: '1 d', from: '-1d' },
  { text: '7 d', from: '-7d' },
  { text: '30 d', from: '-30d' },
];

const SIZES: Record<string, number> = { s: 1e3, m: 60e3, h: 3600e3, d: 86400e3 };

/** Milliseconds of `-1h`, `-2d12h`; null when it is no span. */
export function span(text: string): number | null {
  if (!/^-(\d+[smhd])+$/.test(text)) return null;
  let sum = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)([smhd])/g)) sum += Number(count) * (SIZES[unit ?? 's'] ?? 0);
  return sum > 0 ? sum : null;
}

/** The range in milliseconds since 1970; null when it is none or runs backwards. */
export function resolve(range: Range, now: number): { from: number; to: number } | null {
  const from = instant(range.from, now);
  const to = instant(range.to, now);
  return from === null || to === null || from >= to ? null : { from, to };
}

/** Whether the end of the range moves with the clock. */
export function isLive(range: Range): boolean {
  return range.to === 'now';
}

/** How often a moving range is asked for again: a hundredth of it, from one second to one minute. */
export function refreshEvery(milliseconds: number): number {
  return Math.min(60_000, Math.max(1_000, Math.round(milliseconds / 100)));
}

/** A range a factor wider or narrower around its middle, as fixed times. */
export function scaled(range: { from: number; to: number }, factor: number, now: number): Range {
  const half = ((range.to - range.from) / 2) * factor;
  const middle = (range.from + range.to) / 2;
  return fixed(middle - half, Math.min(middle + half, Math.max(now, range.to)));
}

/** Two instants as a range for the address. */
export function fixed(from: number, to: number): Range {
  return { from: new Date(Math.floor(from)).toISOString(), to: new Date(Math.ceil(to)).toISOString() };
}

function instant(text: string, now: number): number | null {
  if (text === 'now') return now;
  const back = span(text);
  if (back !== null) return now - back;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : at;
}
