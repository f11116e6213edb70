import { describe, expect, it } from 'vitest';

import type { PlantEvent } from '../../api/documents';
import { fitting, standing } from './list';

const event = (part: Partial<PlantEvent>): PlantEvent => ({
  stream: 'line1.alarms', time: '2026-11-23T22:06:24Z', event_id: 'a', type_name: 'BaseEventType', source_name: 'Filler1', severity: 200, message: 'note', ...part,
});
const condition = { id: 'c', name: 'High', branch: null, retain: true, enabled: true, active: true, acknowledged: false, confirmed: null };

describe('the list of events', () => {
  it('has the newest first, those that fit only', () => {
    const all = [event({ event_id: 'old' }), event({ event_id: 'new', time: '2026-11-23T22:06:25Z', message: 'Level HIGH' }), event({ severity: 100 })];
    expect(fitting(all, '', 150).map((one) => one.event_id)).toEqual(['new', 'old']);
    expect(fitting(all, 'high filler', 1).map((one) => one.event_id)).toEqual(['new']);
  });
});

describe('an alarm', () => {
  it('that nobody knows of stands out most', () => {
    expect(standing(event({ condition }))?.tone).toBe('bad');
    expect(standing(event({ condition: { ...condition, acknowledged: true } }))?.tone).toBe('warn');
    expect(standing(event({ condition: { ...condition, active: false } }))?.words).toBe('gone, not acknowledged');
    expect(standing(event({ condition: { ...condition, active: false, acknowledged: true } }))?.words).toBe('gone');
  });
  it('is none where an event has no condition', () => {
    expect(standing(event({}))).toBeNull();
  });
});
