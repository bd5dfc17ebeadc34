import { resolve } from 'node:path';
import type { GeneratedFile } from '../fileset.ts';
import { type Draft, draftCopy, draftRemoval, draftWrite, formatMode } from './draft.ts';
import { settleGenerated } from './generated.ts';
import { type Action, changedMeanwhile, type PlanEntry } from './plan.ts';
import { type DiskFile, readDisk } from './snapshot.ts';
import { basePath, offeredPath } from './state.ts';

/** Copies in our records are nobody's secret, but only ours to write. */
const COPY_MODE = 0o644;

/** Adds one file of the tree to the plan. */
export function planFile(
  draft: Draft,
  file: GeneratedFile,
  answersRead: string | undefined,
  isFree: (path: string) => boolean,
): void {
  const disk = readDisk(resolve(draft.root, file.path), file.path, file.class === 'secret');
  if (file.class === 'generated') {
    planGenerated(draft, file, disk, isFree);
    return;
  }
  draft.records.set(file.path, { class: file.class, mode: file.mode });
  if (file.class === 'answers') refuseForeignAnswers(file, disk, answersRead);
  if (file.class === 'seed') planSeed(draft, file, disk);
  else planWhole(draft, file, disk);
}

function planGenerated(
  draft: Draft,
  file: GeneratedFile,
  disk: DiskFile | undefined,
  isFree: (path: string) => boolean,
): void {
  const outcome = settleGenerated(draft.root, file, disk, draft.recorded.files.get(file.path), isFree);
  const { action, reason, content, base, offered, offer, staleOffer } = outcome;
  draft.records.set(file.path, outcome.record);
  if (base !== undefined) draftCopy(draft, basePath(file.path), base, COPY_MODE);
  if (offered !== undefined) draftCopy(draft, offeredPath(file.path), offered, COPY_MODE);
  if (offer !== undefined) draftCopy(draft, offer.path, offer.content, file.mode);
  if (staleOffer !== undefined) draftRemoval(draft, staleOffer);

  const entry = planContent(draft, file, disk, { action, reason, content });
  if (draft.recorded.files.get(file.path)?.class === 'secret') return;
  const after = offer?.content ?? content;
  if (after === undefined) return;
  entry.before = disk?.content.toString('utf8') ?? '';
  entry.after = after.toString('utf8');
  if (offer !== undefined) entry.offer = offer.path;
}

function planSeed(draft: Draft, file: GeneratedFile, disk: DiskFile | undefined): void {
  const { path, mode } = file;
  const entry = { path, class: file.class, mode };
  if (disk !== undefined) {
    draft.entries.push({ ...entry, action: 'unchanged', reason: 'yours since it was first written' });
  } else if (draft.recorded.files.has(path)) {
    draft.entries.push({ ...entry, action: 'keep', reason: 'you removed it; it is not written again' });
  } else {
    planWhole(draft, file, disk);
  }
}

/** Somebody else's change to the answers would be lost by replacing the file with an edit of an older text. */
function refuseForeignAnswers(
  file: GeneratedFile,
  disk: DiskFile | undefined,
  read: string | undefined,
): void {
  const now = disk?.content.toString('utf8');
  if (now !== read && now !== file.content) throw changedMeanwhile(file.path);
}

/** A file that is replaced whole: secrets, answers, a seed's first writing. */
function planWhole(draft: Draft, file: GeneratedFile, disk: DiskFile | undefined): void {
  const next = Buffer.from(file.content);
  const isSame = disk?.content.equals(next) ?? false;
  const entry = isSame
    ? planContent(draft, file, disk, { action: 'unchanged', reason: 'up to date', content: undefined })
    : planContent(draft, file, disk, {
        action: disk === undefined ? 'create' : 'update',
        reason: disk === undefined ? 'new' : 'changed',
        content: next,
      });
  if (file.class === 'secret' || isSame) return;
  entry.before = disk?.content.toString('utf8') ?? '';
  entry.after = file.content;
}

/** Adds the entry and what writes it, permission bits included. */
function planContent(
  draft: Draft,
  file: GeneratedFile,
  disk: DiskFile | undefined,
  { action, reason, content }: { action: Action; reason: string; content: Buffer | undefined },
): PlanEntry {
  const { path, mode } = file;
  const entry: PlanEntry = { path, class: file.class, action, reason, mode };
  const secret = file.class === 'secret';
  if (disk !== undefined && disk.mode !== mode) {
    entry.modeBefore = disk.mode;
    const permissions = `permissions ${formatMode(disk.mode)}, should be ${formatMode(mode)}`;
    entry.reason = action === 'unchanged' ? permissions : `${reason}; ${permissions}`;
    if (action === 'unchanged' || action === 'keep') entry.action = 'mode';
    // The same bytes in a new file: so that the mode is part of the transaction like everything else.
    draftWrite(draft, path, { content: content ?? disk.content, mode, secret, disk });
  } else if (content !== undefined) {
    draftWrite(draft, path, { content, mode, secret, disk });
  }
  draft.entries.push(entry);
  return entry;
}
