// The command line that does the same. An argument is quoted as a shell needs it, whatever a server put into it.

/** One line to copy into a shell. */
export function command(...words: (string | null | undefined | false)[]): string {
  return ['lockgate', ...words.filter((word): word is string => typeof word === 'string')].map(quoted).join(' ');
}

/** Unchanged where a shell takes it literally, else in single quotes. */
export function quoted(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
