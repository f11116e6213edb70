import { describe, expect, it } from 'vitest';

import { ladder } from './ladder';

describe('the steps of a source', () => {
  it('are all done while values flow', () => {
    expect(ladder('flowing').every((rung) => rung.at === 'done')).toBe(true);
  });
  it('stop where the server does not trust us', () => {
    expect(ladder('waiting-for-server-trust').map((rung) => rung.at)).toEqual(['done', 'done', 'done', 'stuck', 'ahead', 'ahead', 'ahead']);
  });
  it('are all ahead of a source that is stopped or in a state that nobody knows', () => {
    expect(ladder('stopped').every((rung) => rung.at === 'ahead')).toBe(true);
    expect(ladder('__proto__').every((rung) => rung.at === 'ahead')).toBe(true);
  });
});
