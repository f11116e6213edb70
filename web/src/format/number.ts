// Numbers for people: as many digits as say something, groups of three, and always a unit beside them.

import { grouped } from './age';

/** A measured value: at most seven significant digits, no trailing zeros, exponent only where it must be. */
export function measured(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e12 || size < 1e-6)) return value.toExponential(4).replace(/\.?0+e/, 'e').replace('e+', 'e');
  if (Number.isInteger(value)) return grouped(value);
  return String(Number(value.toPrecision(7)));
}

/** `960 B`, `51.3 kB`, `1.2 GB`: powers of a thousand, as disks are sold. */
export function bytes(count: number): string {
  const names = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let value = Math.max(0, count);
  let unit = 0;
  while (value >= 999.5 && unit < names.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)}\u00a0${names[unit]}`;
}

/** Values in a second: one digit behind the point while it is small. */
export function rate(perSecond: number): string {
  return perSecond >= 100 ? grouped(perSecond) : perSecond.toFixed(1);
}

/** `1 stream`, `32 streams`. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${grouped(number)} ${number === 1 ? one : many}`;
}

/** Any value that a device sent, as one line of text; numbers with their unit. */
export function shown(value: unknown, unit?: string | null): string {
  const tail = unit ? ` ${unit}` : '';
  if (value === null || value === undefined) return '–';
  if (typeof value === 'number') return measured(value) + tail;
  if (typeof value === 'string') return value + tail;
  if (typeof value === 'boolean') return String(value);
  return JSON.stringify(value);
}
