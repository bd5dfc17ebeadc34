import { isAbsolute } from 'node:path';

/** The folder in the stack's root that holds what a re-run must remember; nothing in it is secret. */
export const STATE = '.secure-stack';
export const MANIFEST = `${STATE}/manifest.json`;
export const JOURNAL = `${STATE}/journal.json`;
export const LOCK = 'lock';

/** Where the pristine copy of a generated file is kept, relative to the root. */
export function basePath(path: string): string {
  return copyPath('base', path);
}

/** Where the text last put beside a conflicting file is kept: the base of the next merge once the user has dealt with it. */
export function offeredPath(path: string): string {
  return copyPath('offered', path);
}

// A file outside the root must not share a copy with one inside it: `/etc/x` and `etc/x` are two files.
function copyPath(kind: string, path: string): string {
  return isAbsolute(path) ? `${STATE}/${kind}-outside${path}` : `${STATE}/${kind}/${path}`;
}
