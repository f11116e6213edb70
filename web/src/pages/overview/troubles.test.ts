import { describe, expect, it } from 'vitest';

import type { Status, StatusOfSource } from '../../api/documents';
import { headline, troubles } from './troubles';

const source = (name: string, state: string): StatusOfSource => ({
  source: name, url: 'opc.tcp://plc1:4840', state, data_age_seconds: 1, message_age_seconds: 1, next_step: null, last: null,
});

const status = (part: Partial<Status>): Status => ({
  running: true, sources: [source('line1', 'flowing')], sinks: [], storage: null, certificate: null, ...part,
});

describe('the overview', () => {
  it('says that data is whole only when nothing is missing', () => {
    expect(headline(status({}))).toEqual({ text: 'Data is whole', tone: 'ok' });
    expect(troubles(status({}))).toEqual([]);
  });

  it('does not call data whole that history could not make whole', () => {
    const storage = { gaps_open: 0, gaps_partly: 0, gaps_unfillable: 1 } as Status['storage'];
    expect(headline(status({ storage }))).toEqual({ text: 'Data comes in', tone: 'ok' });
  });

  it('counts the sources that give data', () => {
    const some = status({ sources: [source('line1', 'quiet'), source('line2', 'unreachable')] });
    expect(headline(some)).toEqual({ text: '1 of 2 sources gives data', tone: 'warn' });
    expect(troubles(some).map((one) => one.who)).toEqual(['line2']);
  });

  it('speaks of the collector, not of each source, when nothing runs', () => {
    const idle = status({ running: false, sources: [source('line1', 'stopped'), source('line2', 'stopped')] });
    expect(troubles(idle).map((one) => one.who)).toEqual(['Collector']);
    expect(headline(idle).tone).toBe('bad');
  });

  it('puts what is broken before what is only waiting', () => {
    const mixed = status({ sources: [source('a', 'waiting-for-server-trust'), source('b', 'storage-failed')] });
    expect(troubles(mixed).map((one) => one.who)).toEqual(['b', 'a']);
  });

  it('escapes the name of a source in its address', () => {
    const [trouble] = troubles(status({ sources: [source('a/../b', 'stale')] }));
    expect(trouble?.href).toBe('/source/a%2F..%2Fb');
  });
});
