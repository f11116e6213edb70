import { describe, expect, it } from 'vitest';

import { lines, pattern, withLine } from './pattern';

describe('a pattern', () => {
  it('is the path below Objects without numbers of namespaces', () => {
    expect(pattern('/Objects/2:Plant/2:Mixing', true)).toBe('Plant/Mixing/**');
    expect(pattern('/Objects/2:Plant/2:Level', false)).toBe('Plant/Level');
    expect(pattern('/Objects', true)).toBe('**');
  });
  it('takes signs in a name as they stand', () => {
    expect(pattern('/Objects/2:a*[1]', false)).toBe('a\\*\\[1\\]');
  });
  it('stands on a line of its own, once', () => {
    expect(lines(' a \n\nb')).toEqual(['a', 'b']);
    expect(withLine('a\nb\n', 'c')).toBe('a\nb\nc');
    expect(withLine('a', 'a')).toBe('a');
  });
});
