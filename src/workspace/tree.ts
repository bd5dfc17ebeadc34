import { posix, resolve } from 'node:path';
import type { FileTree, GeneratedFile } from '../fileset.ts';
import { planDirectories, recordDirectories } from './directories.ts';
import { type Draft, draftRemoval, newDraft } from './draft.ts';
import { planFile } from './files.ts';
import { planGone } from './gone.ts';
import { readJournal } from './journal.ts';
import { readManifest, serializeManifest } from './manifest.ts';
import {
  isStatePath,
  isTreePath,
  refusal,
  refuseSharedFolder,
  refuseUnsafePath,
  resolveRoot,
} from './paths.ts';
import { type Plan, sealPlan } from './plan.ts';
import { readDisk } from './snapshot.ts';
import { basePath, MANIFEST, offeredPath } from './state.ts';

export interface PlanOptions {
  /** The text of the answers file that the caller read and edited; absent: there was none. */
  answersRead?: string;
  /** Files of the stack that a tree made for looking only leaves out, so that they do not count as superfluous. */
  leftOut?: readonly string[];
}

/**
 * Compares a tree with the folder and says what applying it would do. Reads only; the folder need not exist.
 *
 * @throws {UserError} exit 3 for what may not be written over or through (symbolic links, folders in the way, a folder
 * of secrets that others may write to), an answers file changed since it was read, a damaged or newer manifest, an
 * interrupted run that `recover` has to finish first; exit 1 when something cannot be read
 */
export async function planTree(root: string, tree: FileTree, options: PlanOptions = {}): Promise<Plan> {
  assertTree(tree);
  const folder = resolveRoot(root);
  refuseUnsafePath(folder, MANIFEST);
  if (readJournal(folder)?.state === 'committed') {
    throw refusal(
      `${root}: an earlier run was interrupted half-way`,
      'run the command without --dry-run to finish it',
    );
  }
  const recorded = readManifest(folder);
  const draft = newDraft(folder, recorded ?? { files: new Map(), directories: [] });

  refuseUnsafePlaces(draft, tree);
  const paths = new Set(tree.files.map(({ path }) => path));
  const isFree = (path: string) => !paths.has(path) && !draft.recorded.files.has(path);
  for (const file of byPath(tree.files)) planFile(draft, file, options.answersRead, isFree);
  planGone(draft, new Set([...paths, ...(options.leftOut ?? [])]));
  dropCopies(draft);

  const files = draft.entries.splice(0);
  const directories = planDirectories(draft, tree.directories);
  const { made, emptied } = recordDirectories(draft, directories, tree.directories);
  const manifest = { files: draft.records, directories: made };
  const isSame =
    recorded !== undefined && serializeManifest(manifest, '') === serializeManifest(recorded, '');
  const sealed = {
    writes: draft.writes,
    removals: draft.removals,
    emptied,
    manifest: isSame ? undefined : manifest,
    manifestBefore: readDisk(resolve(folder, MANIFEST), MANIFEST, false)?.snapshot,
    directories,
  };
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  return sealPlan(folder, [...draft.entries, ...files], sealed);
}

function byPath(files: readonly GeneratedFile[]): GeneratedFile[] {
  return [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** A tree that breaks these rules is a bug of the renderer, not a mistake of the user's. */
function assertTree({ files, directories }: FileTree): void {
  const seen = new Set<string>();
  for (const { path, mode } of [...files, ...directories]) {
    const isRoot = path === '.' && directories.some((directory) => directory.path === path);
    if (!(isRoot || isTreePath(path)) || isStatePath(path)) throw new TypeError(`no path of a tree: ${path}`);
    if (seen.has(path)) throw new TypeError(`twice in the tree: ${path}`);
    if (!Number.isInteger(mode) || mode < 0 || mode > 0o7777) throw new TypeError(`mode of ${path}: ${mode}`);
    seen.add(path);
  }
}

function refuseUnsafePlaces({ root }: Draft, { files, directories }: FileTree): void {
  // The mode of a listed folder is put right before anything is written to it.
  const repaired = new Set(directories.map(({ path }) => path));
  for (const { path, class: fileClass } of files) {
    const isSecret = fileClass === 'secret';
    refuseUnsafePath(root, path, isSecret ? 'secret' : 'file');
    if (isSecret && !repaired.has(posix.dirname(path))) refuseSharedFolder(root, path);
  }
}

/** Copies in our records whose file no longer has any, e.g. of a file that is secret now. */
function dropCopies(draft: Draft): void {
  for (const [path, before] of draft.recorded.files) {
    const now = draft.records.get(path);
    if (before.sha256 !== undefined && now?.sha256 === undefined) draftRemoval(draft, basePath(path));
    if (before.offer !== undefined && now?.offer === undefined) draftRemoval(draft, offeredPath(path));
  }
}
