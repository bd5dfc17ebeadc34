/**
 * The write-ahead record of a transaction. It is written twice:
 *
 * - `staging`, before the first new file: names every temporary file and folder about to be made. Found by a later
 *   run, everything in it is taken back; the old state stands.
 * - `committed`, once every new content is durable beside its target: found by a later run, the renames are carried
 *   on. From here on nothing needs disk space.
 *
 * It holds no content. It may come with a repository that a stranger wrote, so it can only name temporary files of
 * our own pattern beside their targets, and removals inside of the folder.
 */

import { readdirSync, rmSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { isTemporaryName, writeFileAtomically } from './atomic.ts';
import { isListOf, isObject, parsedJson } from './document.ts';
import { isTreePath, refusal, refuseUnsafePath } from './paths.ts';
import { readDisk, type Snapshot } from './snapshot.ts';
import { JOURNAL, STATE } from './state.ts';

export interface Journal {
  state: 'staging' | 'committed';
  /** Temporary files to be renamed over `path`. */
  writes: readonly { path: string; temporary: string; before?: Snapshot }[];
  removals: readonly { path: string; before: Snapshot }[];
  /** Folders made by the transaction, parents first; taken back with it. */
  made: readonly string[];
  /** Folders to remove at the end if they are empty. */
  emptied: readonly string[];
}

const FORMAT = 1;

export function writeJournal(root: string, journal: Journal): void {
  writeFileAtomically(
    join(root, JOURNAL),
    `${JSON.stringify({ format: FORMAT, ...journal }, null, 2)}\n`,
    0o600,
  );
}

/** @throws {UserError} exit 3 when it cannot be understood: then neither going on nor back is safe */
export function readJournal(root: string): Journal | undefined {
  refuseUnsafePath(root, JOURNAL);
  const file = readDisk(join(root, JOURNAL), JOURNAL, false);
  if (file === undefined) return undefined;
  const document = parsedJson(file.content.toString('utf8'));
  if (!isJournal(document)) {
    throw refusal(
      `${JOURNAL}: is damaged or from a newer version; an interrupted run cannot be finished`,
      'use the newest version, or restore the folder from version control and delete this file',
    );
  }
  return document;
}

export function removeJournal(root: string): void {
  rmSync(join(root, JOURNAL), { force: true });
}

/** Removes what a run killed while writing its journal left. */
export function sweepJournalDrafts(root: string): void {
  for (const name of readdirSync(join(root, STATE))) {
    if (isTemporaryName(name, 'journal.json')) rmSync(join(root, STATE, name), { force: true });
  }
}

function isJournal(value: unknown): value is Journal {
  if (!isObject(value) || value['format'] !== FORMAT) return false;
  const { state, writes, removals, made, emptied } = value;
  if (state !== 'staging' && state !== 'committed') return false;
  return (
    isListOf(writes, (item) => isObject(item) && isPath(item['path']) && isWrite(item)) &&
    isListOf(removals, (item) => isObject(item) && isInside(item['path']) && isSnapshot(item['before'])) &&
    isListOf(made, isPath) &&
    isListOf(emptied, isInside)
  );
}

function isWrite({ temporary, before }: Record<string, unknown>): boolean {
  const isId = typeof temporary === 'string' && /^[0-9a-f]{24}$/.test(temporary);
  return isId && (before === undefined || isSnapshot(before));
}

function isSnapshot(value: unknown): boolean {
  return isObject(value) && Object.values(value).every((field) => typeof field === 'string');
}

function isInside(value: unknown): boolean {
  return isPath(value) && !isAbsolute(value as string);
}

function isPath(value: unknown): boolean {
  return typeof value === 'string' && isTreePath(value);
}
