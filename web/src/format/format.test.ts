import { describe, expect, it } from 'vitest';

import { duration, grouped, relative, secondsSince } from './age';
import { command, quoted } from './command';
import { bytes, measured, rate, shown } from './number';
import { fixed, refreshEvery, resolve, scaled, span } from './range';
import { quality, sourceState } from './state';
import { bare, blocks, colons } from './thumbprint';
import { dateTime, shortTime, zoneName } from './time';

const NOW = Date.parse('2026-11-23T22:07:03.500Z');

describe('an age', () => {
  it('is said in its two largest units', () => {
    expect(duration(0.4)).toBe('0 s');
    expect(duration(42)).toBe('42 s');
    expect(duration(185)).toBe('3 min 5 s');
    expect(duration(7_800)).toBe('2 h 10 min');
    expect(duration(3_600)).toBe('1 h');
    expect(duration(5 * 86_400 + 3 * 3_600)).toBe('5 d 3 h');
    expect(duration(1_824 * 86_400 + 5_000)).toBe('1824 d');
  });
  it('of a time in the future is none, and of no time is null', () => {
    expect(secondsSince('2026-11-23T22:08:00Z', NOW)).toBe(0);
    expect(secondsSince(null, NOW)).toBeNull();
    expect(secondsSince('yesterday', NOW)).toBeNull();
  });
  it('says whether it is past or to come', () => {
    expect(relative('2026-11-23T22:06:51.5Z', NOW)).toBe('12 s ago');
    expect(relative('2026-11-26T22:07:04Z', NOW)).toBe('in 3 d');
  });
});

describe('a number', () => {
  it('has groups of three from five digits on', () => {
    expect(grouped(9_999)).toBe('9999');
    expect(grouped(1_234_567)).toBe('1\u202f234\u202f567');
    expect(grouped(-12_345)).toBe('-12\u202f345');
  });
  it('keeps the digits that say something', () => {
    expect(measured(66.101049646137)).toBe('66.10105');
    expect(measured(0.30000000000000004)).toBe('0.3');
    expect(measured(1.5e-9)).toBe('1.5e-9');
    expect(measured(2e15)).toBe('2e15');
    expect(measured(Number.NaN)).toBe('NaN');
  });
  it('has its unit beside it', () => {
    expect(shown(3.2, 'bar')).toBe('3.2 bar');
    expect(shown(null, 'bar')).toBe('–');
    expect(shown({ number: 2 })).toBe('{"number":2}');
    expect(bytes(52_550)).toBe('52.5\u00a0kB');
    expect(bytes(999_600)).toBe('1.0\u00a0MB');
    expect(rate(49.6003)).toBe('49.6');
  });
});

describe('a time', () => {
  it('is shown in the zone that was asked for', () => {
    expect(dateTime('2026-11-23T22:07:03.1234567Z', 'UTC', 3)).toBe('2026-11-23 22:07:03.123');
    expect(dateTime('2026-11-23T23:30:00Z', 'Europe/Berlin')).toBe('2026-11-24 00:30:00');
    expect(zoneName('UTC', NOW)).toBe('UTC');
  });
  it('leaves the date out only when it is today there', () => {
    expect(shortTime('2026-11-23T21:00:00Z', NOW, 'UTC')).toBe('21:00:00');
    expect(shortTime('2026-11-23T22:30:00Z', NOW, 'Europe/Berlin')).toBe('23:30:00');
    expect(shortTime('2026-11-23T23:30:00Z', NOW, 'Europe/Berlin')).toBe('2026-11-24 00:30:00');
  });
});

describe('a range', () => {
  it('is read as the command line reads it', () => {
    expect(span('-2d12h')).toBe(60 * 3_600e3);
    expect(span('1h')).toBeNull();
    expect(span('-1y')).toBeNull();
    expect(resolve({ from: '-1h', to: 'now' }, NOW)).toEqual({ from: NOW - 3_600e3, to: NOW });
  });
  it('that runs backwards is none', () => {
    expect(resolve({ from: 'now', to: '-1h' }, NOW)).toBeNull();
    expect(resolve({ from: 'x', to: 'now' }, NOW)).toBeNull();
  });
  it('is asked for again at a pace that fits its length', () => {
    expect(refreshEvery(300e3)).toBe(3_000);
    expect(refreshEvery(10e3)).toBe(1_000);
    expect(refreshEvery(30 * 86_400e3)).toBe(60_000);
  });
  it('grows around its middle, but not into the future', () => {
    const wide = resolve(scaled({ from: NOW - 100e3, to: NOW }, 2, NOW), NOW);
    expect(wide).toEqual({ from: NOW - 150e3, to: NOW });
    expect(fixed(NOW, NOW + 1).from).toBe('2026-11-23T22:07:03.500Z');
  });
});

describe('a thumbprint', () => {
  it('is the same whatever stands between its digits', () => {
    expect(colons('3d1b2B')).toBe('3D:1B:2B');
    expect(bare('3D:1B 2b')).toBe('3D1B2B');
    expect(blocks('3D1B2B78541F322C')).toEqual(['3D:1B:2B:78', '54:1F:32:2C']);
    expect(colons('<b>')).toBe('<b>');
  });
});

describe('a command to copy', () => {
  it('cannot be broken out of by what a server is called', () => {
    expect(command('query', "x'; rm -rf ~; '", '--from=-1h')).toBe("lockgate query 'x'\\''; rm -rf ~; '\\''' --from=-1h");
    expect(quoted('plant.Line1')).toBe('plant.Line1');
    expect(quoted('')).toBe("''");
    expect(command('status', null, false)).toBe('lockgate status');
  });
});

describe('a state', () => {
  it('that nobody knows is shown as it is', () => {
    expect(sourceState('brand-new')).toEqual({ words: 'brand new', tone: 'idle', meaning: '' });
    expect(sourceState('constructor').tone).toBe('idle');
    expect(sourceState('quiet').tone).toBe('calm');
  });
  it('is found by its name and by its words', () => {
    expect(sourceState('waiting for the server to trust us')).toEqual(sourceState('waiting-for-server-trust'));
    expect(sourceState('login refused').tone).toBe('bad');
  });
  it('of a value is in the two top bits of its code', () => {
    expect(quality(0).words).toBe('Good');
    expect(quality(0x40_00_00_00).words).toBe('Uncertain');
    expect(quality(0x808c_0000).words).toBe('Bad');
  });
});
