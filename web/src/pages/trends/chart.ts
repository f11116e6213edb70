// How the chart looks and what it does: the glue between curves and uPlot. Colours are read from the tokens.

import uPlot from 'uplot';

import { UTC, type Zone } from '../../format/time';
import { measured } from '../../format/number';
import { aligned, lonely, type Curve, type Interval } from './curves';

export interface Look {
  curves: Curve[];
  stepped: boolean[];
  gaps: Interval[];
  range: { from: number; to: number };
  zone: Zone;
}

export interface Does {
  /** A range was drawn with the mouse, in seconds. */
  zoom(from: number, to: number): void;
  /** The mouse stands at this time, or nowhere. */
  point(time: number | null): void;
  wider(): void;
}

/** Options for a chart; a new one is made when curves, units, zone or theme are others. */
export function options(look: () => Look, size: { width: number; height: number }, does: Does): uPlot.Options {
  const now = look();
  const color = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const scale = parseFloat(getComputedStyle(document.documentElement).fontSize) / 15;
  const font = `${Math.round(12 * scale)}px ${color('sans')}`;
  const grid = { stroke: color('line'), width: 1 };
  const units = [...new Set(now.curves.map((one) => one.unit ?? ''))];
  const axes = size.width < 560 * scale ? 1 : 4;
  return {
    ...size,
    padding: [10, 12, 0, 4],
    legend: { show: false },
    cursor: {
      drag: { x: true, y: false, setScale: false },
      points: { size: 7 * scale },
      bind: { dblclick: () => () => (does.wider(), null) },
    },
    tzDate: (seconds) => (now.zone === UTC ? uPlot.tzDate(new Date(seconds * 1e3), 'Etc/UTC') : uPlot.tzDate(new Date(seconds * 1e3), now.zone)),
    scales: {
      x: { time: true, range: () => [look().range.from / 1000, look().range.to / 1000] },
      ...Object.fromEntries(units.map((unit) => [`u${unit}`, { range: padded }])),
    },
    series: [
      {},
      ...now.curves.map((one, index): uPlot.Series => ({
        label: one.name,
        scale: `u${one.unit ?? ''}`,
        stroke: color(`series-${(index % 8) + 1}`),
        width: 1.6 * scale,
        spanGaps: false,
        points: { show: one.count < Math.max(2, size.width / 12), size: 5 * scale, filter: (chart, which, show) => (show ? null : lonely(chart.data[which] ?? [])) },
        ...(now.stepped[index] && uPlot.paths.stepped ? { paths: uPlot.paths.stepped({ align: 1 }) } : {}),
      })),
    ],
    axes: [
      { stroke: color('ink-3'), font, grid, ticks: grid, values: TIMES, size: 46 * scale, space: 78 * scale },
      ...units.slice(0, axes).map((unit, index): uPlot.Axis => ({
        scale: `u${unit}`,
        side: index % 2 === 0 ? 3 : 1,
        stroke: color('ink-3'),
        font,
        grid: index === 0 ? grid : { show: false },
        ticks: grid,
        size: 58 * scale,
        space: 36 * scale,
        values: (_, ticks) => ticks.map(measured),
        ...(unit ? { label: unit, labelFont: font, labelSize: 18 * scale } : {}),
      })),
    ],
    hooks: {
      drawClear: [(chart) => shade(chart, look(), { gap: color('warn-soft'), edge: color('warn') })],
      draw: [(chart) => strips(chart, look(), color('bad'))],
      setSelect: [
        (chart) => {
          if (chart.select.width < 4) return;
          const [from, to] = [chart.posToVal(chart.select.left, 'x'), chart.posToVal(chart.select.left + chart.select.width, 'x')];
          chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          does.zoom(from, to);
        },
      ],
      setCursor: [(chart) => does.point(chart.cursor.left === undefined || chart.cursor.left < 0 ? null : chart.posToVal(chart.cursor.left, 'x'))],
    },
  };
}

/** What the chart draws. */
export function data(look: Look): uPlot.AlignedData {
  return aligned(look.curves, look.stepped) as uPlot.AlignedData;
}

/** Whether two looks can share a chart. */
export function sameShape(one: Look, two: Look): boolean {
  const shape = (look: Look) => JSON.stringify([look.zone, look.stepped, look.curves.map((each) => [each.name, each.unit, each.count < 100])]);
  return shape(one) === shape(two);
}

/** Gaps as a shaded band behind everything, with an edge, so that it is seen without colour, too. */
function shade(chart: uPlot, look: Look, colors: { gap: string; edge: string }): void {
  const { ctx, bbox } = chart;
  ctx.save();
  ctx.strokeStyle = colors.edge;
  ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
  for (const gap of look.gaps) {
    const left = chart.valToPos(gap.from, 'x', true);
    const width = Math.max(2, chart.valToPos(gap.to, 'x', true) - left);
    ctx.fillStyle = colors.gap;
    ctx.fillRect(left, bbox.top, width, bbox.height);
    ctx.strokeRect(left, bbox.top, width, bbox.height);
  }
  ctx.restore();
}

/** Where a stream is Bad: a strip at the top of the plot, one row for each stream, in the order of the list. */
function strips(chart: uPlot, look: Look, bad: string): void {
  const { ctx, bbox } = chart;
  const height = 4 * devicePixelRatio;
  ctx.save();
  ctx.fillStyle = bad;
  look.curves.forEach((one, row) => {
    for (const part of one.breaks) {
      if (part.why === 'gap') continue;
      const left = Math.max(bbox.left, chart.valToPos(part.from, 'x', true));
      const right = Math.min(bbox.left + bbox.width, chart.valToPos(part.to, 'x', true));
      if (right >= left) ctx.fillRect(left, bbox.top + row * (height + devicePixelRatio), Math.max(2, right - left), height);
    }
  });
  ctx.restore();
}

/** A little room above and below, and around a line that does not move. */
function padded(_: uPlot, low: number | null, high: number | null): [number, number] {
  if (low === null || high === null || !Number.isFinite(low) || !Number.isFinite(high)) return [0, 1];
  const room = high > low ? (high - low) * 0.08 : Math.max(1, Math.abs(high) * 0.1);
  return [low - room, high + room];
}

/** Times on the axis: ISO, 24 hours; the date stands below where a day begins. */
const [S, M, H, D] = [1, 60, 3600, 86400];
const TIMES: uPlot.Axis.Values = [
  [D * 28, '{YYYY}-{MM}-{DD}', null, null, null, null, null, null, 1],
  [D, '{MM}-{DD}', '\n{YYYY}', null, null, null, null, null, 1],
  [H, '{HH}:{mm}', '\n{YYYY}-{MM}-{DD}', null, '\n{MM}-{DD}', null, null, null, 1],
  [M, '{HH}:{mm}', '\n{YYYY}-{MM}-{DD}', null, '\n{MM}-{DD}', null, null, null, 1],
  [S, '{HH}:{mm}:{ss}', '\n{YYYY}-{MM}-{DD}', null, '\n{MM}-{DD}', null, null, null, 1],
  [0.001, '{HH}:{mm}:{ss}.{fff}', '\n{YYYY}-{MM}-{DD}', null, '\n{MM}-{DD}', null, null, null, 1],
] as unknown as uPlot.Axis.Values;
