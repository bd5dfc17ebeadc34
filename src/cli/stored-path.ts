import { isAbsolute, join, relative, resolve, sep } from 'node:path';

/**
 * A file named at the prompt or behind a flag, from where the user stands, as stack.yaml holds it: relative to the
 * stack's folder where it lies in there, else absolute. The folder need not exist; undefined: not known yet.
 */
export function storedPath(typed: string, folder: string | undefined): string {
  const inside = folder === undefined ? '..' : relative(resolve(folder), resolve(typed));
  const isOutside = inside === '' || inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside);
  return isOutside ? resolve(typed) : inside;
}

/** The reverse: how the user names the file from here. */
export function typedPath(stored: string, folder: string | undefined): string {
  return isAbsolute(stored) ? stored : join(folder ?? '.', stored);
}
