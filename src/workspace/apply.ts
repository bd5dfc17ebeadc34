import { chmodSync, rmdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { makeDirectory, newTemporaryId, stageFile, syncDirectory, temporaryPath } from './atomic.ts';
import { ioFailure, tolerate } from './failure.ts';
import { inspectFolder } from './folder.ts';
import { type Journal, readJournal, writeJournal } from './journal.ts';
import { serializeManifest } from './manifest.ts';
import { lstat, parentPaths, refusal, refuseSharedFolder, refuseUnsafePath } from './paths.ts';
import { changedMeanwhile, type Operations, operationsOf, type Plan, type Write } from './plan.ts';
import { finish, rollBack } from './recover.ts';
import { isUnchanged } from './snapshot.ts';
import { JOURNAL, MANIFEST, STATE } from './state.ts';

export interface ApplyOptions {
  /** Version of the program, recorded in the manifest when something changes. */
  toolVersion: string;
  /** Whether a folder that holds other things and no stack may be written to. */
  allowForeign?: boolean;
}

/** What to undo when the transaction fails in this process. */
interface Undo {
  made: string[];
  modes: { path: string; mode: number }[];
  journal?: Journal;
  /** What was being written, for the message. */
  current: string;
}

/**
 * Carries a plan out: all of it, or nothing. Writes nothing when the plan changes nothing. Call it under the lock,
 * after `recover`.
 *
 * @throws {UserError} exit 3 when the folder is not ours, when a file is no longer what the plan saw, or when a place
 * is not safe to write to; exit 1 when the system refuses to write (nothing is changed then) or fails half-way
 * (`recover` finishes it then; the message says which of the two)
 */
export async function applyPlan(
  plan: Plan,
  { toolVersion, allowForeign = false }: ApplyOptions,
): Promise<void> {
  const operations = operationsOf(plan);
  if (!plan.changes) return;
  if (!allowForeign && inspectFolder(plan.root) === 'foreign') {
    throw refusal(
      `${plan.root} is not empty and holds no stack`,
      'name an empty folder, or allow writing to this one',
    );
  }
  finish(plan.root, stage(plan.root, operations, toolVersion));
}

/** Puts every new content beside its target and commits to renaming them. */
function stage(root: string, operations: Operations, toolVersion: string): Journal {
  const undo: Undo = { made: [], modes: [], current: root };
  try {
    makeStateFolder(root, undo);
    if (readJournal(root) !== undefined) throw new Error('an unfinished transaction must be recovered first');
    const writes = withManifest(operations, toolVersion);
    const staging = newJournal(root, writes, operations);
    undo.current = JOURNAL;
    undo.journal = staging;
    writeJournal(root, staging);

    prepareDirectories(root, operations, undo);
    for (const { path, secret } of writes) {
      refuseUnsafePath(root, path, secret ? 'secret' : 'file');
      if (secret) refuseSharedFolder(root, path);
    }
    for (const { path } of operations.removals) refuseUnsafePath(root, path);
    const folders = new Set(staging.made.map((path) => dirname(resolve(root, path))));
    for (const [index, write] of writes.entries()) {
      undo.current = write.path;
      const target = resolve(root, write.path);
      stageFile(temporaryPath(target, staging.writes[index]!.temporary), write);
      folders.add(dirname(target));
    }
    for (const folder of folders) syncDirectory(folder);
    for (const { path, before } of [...writes, ...operations.removals]) {
      if (!isUnchanged(resolve(root, path), before)) throw changedMeanwhile(path);
    }
    const committed: Journal = { ...staging, state: 'committed' };
    undo.current = JOURNAL;
    writeJournal(root, committed);
    return committed;
  } catch (error) {
    throw takeBack(root, undo, error);
  }
}

function takeBack(root: string, { made, modes, journal, current }: Undo, error: unknown): unknown {
  try {
    // The commit may have reached the disk before it failed; then only going on leads to a whole state.
    if (journal !== undefined && readJournal(root)?.state === 'committed') {
      return ioFailure(
        error,
        `writing ${current}`,
        'the change is half done: run the command again to finish it',
      );
    }
    if (journal !== undefined) rollBack(root, journal);
    for (const { path, mode } of modes) chmodSync(path, mode);
    for (const path of made.reverse()) tolerate(['ENOTEMPTY', 'EEXIST', 'ENOENT'], () => rmdirSync(path));
  } catch (failure) {
    return ioFailure(
      failure,
      `taking back ${current}`,
      'no file of yours was changed; the next run cleans up',
    );
  }
  return ioFailure(error, `writing ${current}`, 'no file was changed');
}

/** The journal needs a place before it can name what else is made. */
function makeStateFolder(root: string, undo: Undo): void {
  for (const path of [...parentPaths(root), root, join(root, STATE)]) {
    if (lstat(path) !== undefined) continue;
    if (makeDirectory(path, 0o755)) undo.made.push(path);
  }
  refuseUnsafePath(root, MANIFEST);
}

function withManifest({ writes, manifest, manifestBefore }: Operations, toolVersion: string): Write[] {
  if (manifest === undefined) return [...writes];
  const content = Buffer.from(serializeManifest(manifest, toolVersion));
  return [...writes, { path: MANIFEST, content, mode: 0o644, secret: false, before: manifestBefore }];
}

function newJournal(root: string, writes: readonly Write[], operations: Operations): Journal {
  return {
    state: 'staging',
    writes: writes.map(({ path, before }) => {
      const write = { path, temporary: newTemporaryId() };
      return before === undefined ? write : { ...write, before };
    }),
    removals: operations.removals,
    made: operations.directories
      .map(({ path }) => path)
      .filter((path) => path !== '.' && lstat(resolve(root, path)) === undefined),
    emptied: operations.emptied,
  };
}

function prepareDirectories(root: string, { directories }: Operations, undo: Undo): void {
  for (const { path, mode } of directories) {
    undo.current = path;
    const folder = resolve(root, path);
    refuseUnsafePath(root, path, 'directory');
    if (makeDirectory(folder, mode)) continue;
    const before = lstat(folder)!.mode & 0o7777;
    if (before === mode) continue;
    undo.modes.push({ path: folder, mode: before });
    chmodSync(folder, mode);
  }
}
