import { isAbsolute, resolve } from 'node:path';
import type { GeneratedDirectory } from '../fileset.ts';
import { type Draft, formatMode } from './draft.ts';
import { isStatePath, lstat, parentPaths, refuseUnsafePath } from './paths.ts';
import type { Operations } from './plan.ts';

/** Of folders that the tree does not list. */
const DEFAULT_MODE = 0o755;

/** Adds the listed folders to the plan, and gives those to be made or put right, parents first. */
export function planDirectories(
  draft: Draft,
  listed: readonly GeneratedDirectory[],
): { path: string; mode: number }[] {
  const { root, entries } = draft;
  const wanted = new Map<string, number>();
  for (const { path, mode } of [...listed].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    refuseUnsafePath(root, path, 'directory');
    const status = lstat(resolve(root, path));
    const modeBefore = status && status.mode & 0o7777;
    const entry = { path, class: 'directory', mode } as const;
    if (modeBefore === undefined) {
      entries.push({ ...entry, action: 'create', reason: 'new' });
    } else if (modeBefore !== mode) {
      const reason = `permissions ${formatMode(modeBefore)}, should be ${formatMode(mode)}`;
      entries.push({ ...entry, action: 'mode', reason, modeBefore });
    } else {
      entries.push({ ...entry, action: 'unchanged', reason: 'up to date' });
    }
    if (modeBefore !== mode) wanted.set(path, mode);
  }
  for (const path of [...wanted.keys(), ...draft.writes.map((write) => write.path)]) {
    for (const parent of parentPaths(path)) {
      if (!wanted.has(parent) && lstat(resolve(root, parent)) === undefined) wanted.set(parent, DEFAULT_MODE);
    }
  }
  return [...wanted]
    .map(([path, mode]) => ({ path, mode }))
    .sort((a, b) => (resolve(root, a.path) < resolve(root, b.path) ? -1 : 1));
}

/** Which folders count as made by us from now on, and which of those made earlier nothing needs any more. */
export function recordDirectories(
  { root, recorded, records, removals }: Draft,
  directories: Operations['directories'],
  listed: readonly GeneratedDirectory[],
): { made: string[]; emptied: string[] } {
  const needed = new Set(listed.map(({ path }) => path));
  for (const path of [...records.keys(), ...needed]) {
    for (const parent of parentPaths(path)) needed.add(parent);
  }
  const fresh = directories
    .map(({ path }) => path)
    .filter((path) => path !== '.' && !isAbsolute(path) && !isStatePath(path) && !lstat(resolve(root, path)));
  const made = new Set([...recorded.directories.filter((path) => needed.has(path)), ...fresh]);
  const obsolete = recorded.directories.filter((path) => !isAbsolute(path) && !needed.has(path));
  // Folders of our own records go with the last copy in them.
  const copies = removals.flatMap(({ path }) => (isStatePath(path) ? parentPaths(path).slice(1) : []));
  const emptied = [...new Set([...obsolete, ...copies])]
    .filter((path) => lstat(resolve(root, path)))
    .sort()
    .reverse();
  return { made: [...made].sort(), emptied };
}
