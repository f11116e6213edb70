// From the answer of a query to what a chart can draw: one axis of time for all curves, one scale for each unit, and the
// intervals over which no line may go. Pure.

import type { Answer, Gap, Query } from '../../api/documents';

export type Why = 'gap' | 'bad' | 'not-a-number';

export interface Interval { from: number; to: number; why: Why }

/** One stream, ready to be drawn. Times are seconds since 1970, as the chart wants them. */
export interface Curve {
  name: string;
  unit: string | null;
  times: number[];
  values: (number | null)[];
  breaks: Interval[];
  /** How many points carry a value. */
  count: number;
}

/** Values of a curve at the times of all: null breaks the line, undefined is only another curve's time. */
export type Column = (number | null | undefined)[];

/** The parts of an answer, whether it was asked for one stream or for several. */
export function answers(query: Query): Answer[] {
  if (query.streams) return query.streams;
  return query.stream === undefined ? [] : [query as Answer];
}

export function curve(answer: Answer, end: number): Curve {
  const made: Curve = { name: answer.stream, unit: answer.unit || null, times: [], values: [], breaks: [], count: 0 };
  let open: Interval | null = null;
  for (const point of answer.curve ?? []) {
    const said = Date.parse(point.time) / 1000;
    if (Number.isNaN(said)) continue;
    // A break may stand at the very time of the value before it.
    const last = made.times.at(-1);
    const at = last !== undefined && said <= last ? last + APART : said;
    const value = typeof point.value === 'number' ? point.value : null;
    made.times.push(at);
    made.values.push(value);
    if (open) open.to = at;
    if (value === null) {
      open = { from: at, to: at, why: why(point.break) };
      made.breaks.push(open);
    } else {
      open = null;
      made.count += 1;
    }
  }
  if (open) open.to = Math.max(open.to, end / 1000);
  return made;
}

/**
 * One column of times and one of values for each curve. A break holds from its time to the next value, also at the times of
 * other curves in between; before it, a curve that is drawn in steps keeps its value, any other ends at its last one.
 */
export function aligned(curves: Curve[], stepped: boolean[] = []): [number[], ...Column[]] {
  const times = [...new Set(curves.flatMap((one) => one.times))].sort((one, two) => one - two);
  const place = new Map(times.map((time, index) => [time, index]));
  const columns = curves.map((one, which) => {
    const column: Column = new Array<number | null | undefined>(times.length).fill(undefined);
    one.times.forEach((time, index) => {
      const here = place.get(time) ?? 0;
      column[here] = one.values[index];
      if (one.values[index] !== null) return;
      const next = place.get(one.times[index + 1] ?? Infinity) ?? times.length;
      column.fill(null, here, next);
      const before = index > 0 ? place.get(one.times[index - 1] ?? Infinity) : undefined;
      if (before !== undefined && one.values[index - 1] !== null) {
        column.fill(stepped[which] ? (one.values[index - 1] ?? null) : null, before + 1, here);
      }
    });
    return column;
  });
  return [times, ...columns];
}

/** The newest value of a curve at or before a time; null where it is broken or has not begun. */
export function valueAt(one: Curve, time: number): { at: number; value: number | null } | null {
  let low = 0;
  let high = one.times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((one.times[middle] ?? Infinity) <= time) low = middle + 1;
    else high = middle;
  }
  const at = one.times[low - 1];
  return at === undefined ? null : { at, value: one.values[low - 1] ?? null };
}

/** Values that stand alone between breaks: no line goes through them, so they need a point. */
export function lonely(column: ArrayLike<number | null | undefined>): number[] {
  const found: number[] = [];
  let candidate = -1;
  let before: number | null = null;
  for (let index = 0; index < column.length; index += 1) {
    const value = column[index];
    if (value === undefined) continue;
    if (value === null && candidate >= 0) found.push(candidate);
    candidate = value !== null && before === null ? index : -1;
    before = value;
  }
  if (candidate >= 0) found.push(candidate);
  return found;
}

/** Lowest and highest value; null when there is none. */
export function extremes(one: Curve): { low: number; high: number } | null {
  let low = Infinity;
  let high = -Infinity;
  for (const value of one.values) {
    if (value === null) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return low <= high ? { low, high } : null;
}

/** The gaps of these sources and streams that touch a range and are not filled, in seconds. */
export function missing(gaps: Gap[], streams: { name: string; source: string }[], range: { from: number; to: number }): Interval[] {
  return gaps
    .filter((gap) => gap.state !== 'filled')
    .filter((gap) => streams.some((one) => one.source === gap.source && (gap.stream === null || gap.stream === one.name)))
    .map((gap) => ({ from: Math.max(Date.parse(gap.from), range.from) / 1000, to: Math.min(Date.parse(gap.to), range.to) / 1000, why: 'gap' as const }))
    .filter((interval) => interval.from < interval.to);
}

/** Seconds between two points that have the same time. */
const APART = 1e-4;

function why(text: string | undefined): Why {
  return text === 'bad' || text === 'not-a-number' ? text : 'gap';
}
