/**
 * A value as one POSIX shell word: single-quoted, so that nothing in it is interpreted.
 * @throws {TypeError} on NUL, which no shell word can hold
 */
export function shellWord(value: string): string {
  if (value.includes('\0')) throw new TypeError('a shell word cannot hold a NUL character');
  return /^[A-Za-z0-9_./:@%+,=-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
}
