import { isAbsolute, resolve } from 'node:path';
import type { FileRecord, Manifest } from './manifest.ts';
import type { PlanEntry, Removal, Write } from './plan.ts';
import { type DiskFile, readDisk } from './snapshot.ts';

/** A plan in the making. */
export interface Draft {
  readonly root: string;
  readonly recorded: Manifest;
  readonly entries: PlanEntry[];
  readonly writes: Write[];
  readonly removals: Removal[];
  /** Of the manifest to be. */
  readonly records: Map<string, FileRecord>;
}

export function newDraft(root: string, recorded: Manifest): Draft {
  return { root, recorded, entries: [], writes: [], removals: [], records: new Map() };
}

/** Lets the plan write `content`, which replaces what `disk` was read from. */
export function draftWrite(
  draft: Draft,
  path: string,
  {
    content,
    mode,
    secret = false,
    disk,
  }: { content: Buffer; mode: number; secret?: boolean; disk: DiskFile | undefined },
): void {
  const write: Write = { path, content, mode, secret, before: disk?.snapshot };
  if (disk !== undefined) write.owner = disk.owner;
  draft.writes.push(write);
}

/** Lets the plan write a file of no secret content unless it holds that already. */
export function draftCopy(draft: Draft, path: string, content: Buffer, mode: number): void {
  const disk = readDisk(resolve(draft.root, path), path, false);
  if (!disk?.content.equals(content)) draftWrite(draft, path, { content, mode, disk });
}

/** Lets the plan remove a file of no secret content if it is there; never one outside of the folder. */
export function draftRemoval(draft: Draft, path: string): void {
  if (isAbsolute(path)) return;
  const disk = readDisk(resolve(draft.root, path), path, false);
  if (disk !== undefined) draft.removals.push({ path, before: disk.snapshot });
}

/** `0640`, the way `chmod` takes it. */
export function formatMode(mode: number): string {
  return `0${mode.toString(8).padStart(3, '0')}`;
}
