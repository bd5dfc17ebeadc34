import { isAbsolute, resolve } from 'node:path';
import { type Draft, draftRemoval } from './draft.ts';
import type { FileRecord } from './manifest.ts';
import { lstat, refuseUnsafePath } from './paths.ts';
import { readDisk } from './snapshot.ts';

/** Adds to the plan what an earlier run wrote and the tree no longer has. Only untouched files of ours go. */
export function planGone(draft: Draft, current: ReadonlySet<string>): void {
  for (const [path, record] of draft.recorded.files) {
    if (current.has(path)) continue;
    removeOffer(draft, record);
    const status = lstat(resolve(draft.root, path));
    if (status === undefined) continue;
    const reason = reasonToKeep(draft.root, path, record, status.isFile());
    const entry = { path, class: record.class, mode: record.mode };
    if (reason !== undefined) {
      draft.entries.push({
        ...entry,
        action: 'keep',
        obsolete: true,
        reason: `no longer part of the stack; ${reason}`,
      });
      // Reported by every run until it is gone: a secret that nothing needs must not be forgotten.
      if (record.class === 'secret') draft.records.set(path, { ...record, left: true });
      continue;
    }
    refuseUnsafePath(draft.root, path);
    const before = readDisk(resolve(draft.root, path), path, false)?.content.toString('utf8') ?? '';
    draft.entries.push({
      ...entry,
      action: 'remove',
      reason: 'no longer part of the stack',
      before,
      after: '',
    });
    draftRemoval(draft, path);
  }
}

function reasonToKeep(root: string, path: string, record: FileRecord, isFile: boolean): string | undefined {
  if (record.class === 'secret') return 'it holds secrets, so removing it is left to you';
  if (record.class !== 'generated') return 'it is yours';
  // A manifest comes with a repository that anybody may have written: it must not name victims elsewhere.
  if (isAbsolute(path)) return 'it lies outside of the folder, so removing it is left to you';
  const isUntouched =
    isFile && readDisk(resolve(root, path), path, false)?.snapshot.sha256 === record.sha256 && record.sha256;
  return isUntouched ? undefined : 'you edited it, so it stays and is yours now';
}

function removeOffer(draft: Draft, { offer }: FileRecord): void {
  if (offer === undefined) return;
  refuseUnsafePath(draft.root, offer.path);
  const disk = readDisk(resolve(draft.root, offer.path), offer.path, false);
  if (disk?.snapshot.sha256 === offer.sha256) draftRemoval(draft, offer.path);
}
