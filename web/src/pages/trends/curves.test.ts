import { describe, expect, it } from 'vitest';

import type { Answer, Gap } from '../../api/documents';
import { aligned, answers, curve, extremes, lonely, missing, valueAt } from './curves';

const at = (second: number) => new Date(second * 1000).toISOString();
const answer = (stream: string, points: [number, number | null, string?][]): Answer => ({
  stream, source: 'line1', unit: 'bar', truncated: false,
  curve: points.map(([second, value, why]) => (why ? { time: at(second), value, break: why } : { time: at(second), value })),
});

describe('a curve', () => {
  it('is broken from the bad value to the next good one', () => {
    const one = curve(answer('p', [[10, 3.2], [20, null, 'bad'], [30, 3.1]]), 60_000);
    expect(one.breaks).toEqual([{ from: 20, to: 30, why: 'bad' }]);
    expect(one.count).toBe(2);
  });
  it('that ends broken is broken to the end of the range', () => {
    const one = curve(answer('p', [[10, 3.2], [20, null, 'gap']]), 60_000);
    expect(one.breaks).toEqual([{ from: 20, to: 60, why: 'gap' }]);
  });
  it('keeps a value that is followed by a break at the same time', () => {
    const one = curve(answer('p', [[10, null, 'gap'], [11, 3], [11, null, 'gap'], [12, 4]]), 60_000);
    expect(one.values).toEqual([null, 3, null, 4]);
    expect(aligned([one])[1]).toEqual([null, 3, null, 4]);
    expect(one.times.every((time, index) => index === 0 || time > (one.times[index - 1] ?? 0))).toBe(true);
  });
  it('shows a value that stands alone as a point', () => {
    expect(lonely([1, null, 2, undefined, null, 3, 4, null, 5])).toEqual([0, 2, 8]);
    expect(lonely([1, undefined, 2])).toEqual([]);
    expect(lonely([undefined, 1, undefined])).toEqual([1]);
  });
  it('takes no text for a number, whatever a device sent', () => {
    const one = curve({ ...answer('p', []), curve: [{ time: at(1), value: 'NaN' as unknown as number }, { time: 'x', value: 1 }] }, 2_000);
    expect(one.values).toEqual([null]);
  });
  it('knows its extremes and its value at a time', () => {
    const one = curve(answer('p', [[10, 3], [20, null, 'bad'], [30, 1]]), 40_000);
    expect(extremes(one)).toEqual({ low: 1, high: 3 });
    expect(valueAt(one, 9)).toBeNull();
    expect(valueAt(one, 15)).toEqual({ at: 10, value: 3 });
    expect(valueAt(one, 25)).toEqual({ at: 20, value: null });
    expect(valueAt(one, 99)).toEqual({ at: 30, value: 1 });
    expect(extremes(curve(answer('p', []), 0))).toBeNull();
  });
});

describe('several curves', () => {
  it('share one axis; only a real break interrupts a line', () => {
    const list = [curve(answer('a', [[1, 1], [3, null, 'gap'], [5, 2]]), 9_000), curve(answer('b', [[2, 7], [3, 8]]), 9_000)];
    expect(aligned(list)).toEqual([
      [1, 2, 3, 5],
      [1, null, null, 2],
      [undefined, 7, 8, undefined],
    ]);
  });
  it('stay broken at the times of the others', () => {
    const one = curve(answer('a', [[1, 1], [4, null, 'bad'], [7, 2]]), 9_000);
    const two = curve(answer('b', [[2, 0], [3, 0], [5, 0], [6, 0]]), 9_000);
    expect(aligned([one, two])[1]).toEqual([1, null, null, null, null, null, 2]);
    expect(aligned([one, two], [true])[1]).toEqual([1, 1, 1, null, null, null, 2]);
  });
  it('come from an answer of either form', () => {
    const one = answer('a', []);
    expect(answers({ from: '', to: '', ...one })).toHaveLength(1);
    expect(answers({ from: '', to: '', streams: [one, one] })).toHaveLength(2);
    expect(answers({ from: '', to: '' })).toEqual([]);
  });
});

describe('a gap', () => {
  const gap = (part: Partial<Gap>): Gap => ({
    source: 'line1', stream: null, from: at(10), to: at(20), reason: 'server-restart', detail: null, recorded_at: at(20), state: 'open', cause: null,
    retry_at: null, streams: 0, streams_complete: 0, streams_without_history: 0, streams_failed: 0, example: null, samples_added: 0, ...part,
  });
  const shown = (gaps: Gap[]) => missing(gaps, [{ name: 'line1.a', source: 'line1' }], { from: 15_000, to: 60_000 });

  it('is shaded as far as it is in the range', () => {
    expect(shown([gap({})])).toEqual([{ from: 15, to: 20, why: 'gap' }]);
  });
  it('that was filled, or is of another stream or source, is not', () => {
    expect(shown([gap({ state: 'filled' }), gap({ stream: 'line1.b' }), gap({ source: 'line2' }), gap({ to: at(14) })])).toEqual([]);
  });
});
