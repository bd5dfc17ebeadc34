import { renameSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { syncDirectory, temporaryPath } from './atomic.ts';
import { ioFailure, tolerate } from './failure.ts';
import { type Journal, readJournal, removeJournal, sweepJournalDrafts } from './journal.ts';
import { lstat, refusal, refuseUnsafePath, resolveRoot } from './paths.ts';
import { isUnchanged } from './snapshot.ts';
import { JOURNAL, STATE } from './state.ts';

/**
 * Brings the folder to a whole state after a run that was killed: back to the old one if it had not yet written
 * everything, else on to the new one. May itself be killed and repeated. Call it under the lock, before planning.
 *
 * @throws {UserError} exit 3 when the user has changed a file since, which finishing would overwrite; exit 1 on an
 * input/output error, after which it can be called again
 */
export async function recover(root: string): Promise<'nothing' | 'rolled-back' | 'completed'> {
  const folder = resolveRoot(root);
  if (lstat(join(folder, STATE)) === undefined) return 'nothing';
  const journal = readJournal(folder);
  sweepJournalDrafts(folder);
  if (journal === undefined) return 'nothing';
  if (journal.state === 'staging') {
    rollBack(folder, journal);
    return 'rolled-back';
  }
  refuseLaterEdits(folder, journal);
  finish(folder, journal);
  return 'completed';
}

/** Takes a transaction back that was not committed. */
export function rollBack(root: string, { writes, made }: Journal): void {
  for (const { path, temporary } of writes) {
    rmSync(temporaryPath(resolve(root, path), temporary), { force: true });
  }
  for (const path of [...made].reverse()) removeIfEmpty(resolve(root, path));
  removeJournal(root);
}

/**
 * Carries a committed transaction out. Every step may have been done before.
 * @throws {UserError} exit 1 on an input/output error; the journal stays, and `recover` can go on
 */
export function finish(root: string, { writes, removals, emptied }: Journal): void {
  const folders = new Set<string>();
  let current = JOURNAL;
  try {
    for (const { path, temporary } of writes) {
      current = path;
      const target = resolve(root, path);
      tolerate(['ENOENT'], () => renameSync(temporaryPath(target, temporary), target));
      folders.add(dirname(target));
    }
    for (const { path, before } of removals) {
      current = path;
      const target = resolve(root, path);
      // What the user edited since the commit is theirs.
      if (isUnchanged(target, before)) rmSync(target, { force: true });
      folders.add(dirname(target));
    }
    for (const path of emptied) removeIfEmpty(resolve(root, path));
    for (const folder of folders) if (lstat(folder) !== undefined) syncDirectory(folder);
    current = JOURNAL;
    removeJournal(root);
    syncDirectory(join(root, STATE));
  } catch (error) {
    throw ioFailure(
      error,
      `writing ${current}`,
      'the change is half done: run the command again to finish it',
    );
  }
}

function refuseLaterEdits(root: string, { writes, removals }: Journal): void {
  for (const { path } of [...writes, ...removals]) refuseUnsafePath(root, path);
  for (const { path, temporary, before } of writes) {
    const target = resolve(root, path);
    // Without its temporary file the rename has been done, and whatever is there now may be an edit of the new text.
    if (lstat(temporaryPath(target, temporary)) === undefined || isUnchanged(target, before)) continue;
    throw refusal(
      `${path}: was changed after a run that had been interrupted; finishing that run would overwrite it`,
      'rename the file, run the command again, then carry your change over',
    );
  }
}

function removeIfEmpty(path: string): void {
  tolerate(['ENOENT', 'ENOTEMPTY', 'EEXIST', 'ENOTDIR', 'EBUSY'], () => rmdirSync(path));
}
