// From a node in the tree to the pattern that picks it and what is below it. Pure.

/** `Plant/Mixing/**` from `/Objects/2:Plant/2:Mixing`: browse names below Objects, signs with a meaning escaped. */
export function pattern(path: string, isFolder: boolean): string {
  const names = path.split('/').slice(2).map((name) => name.replace(/^\d+:/, '').replace(/[*?[\]{}\\]/g, '\\$&'));
  return isFolder ? [...names, '**'].join('/') : names.join('/');
}

/** One pattern on each line; empty lines are none. */
export function lines(text: string): string[] {
  return text.split('\n').map((line) => line.trim()).filter(Boolean);
}

/** A text of lines with one more, once. */
export function withLine(text: string, line: string): string {
  const all = lines(text);
  return all.includes(line) ? text : [...all, line].join('\n');
}
