import { resolve } from 'node:path';
import type { GeneratedFile } from '../fileset.ts';
import { type Decision, decide } from './decide.ts';
import type { FileRecord } from './manifest.ts';
import { type DiskFile, readDisk, sha256 } from './snapshot.ts';
import { basePath, offeredPath } from './state.ts';

/** What a run does about one generated file and its records. */
export interface GeneratedOutcome extends Decision {
  record: FileRecord;
  /** Copies to be kept in our records; undefined: as they are. */
  base?: Buffer;
  offered?: Buffer;
  /** The file beside a conflicting one. */
  offer?: { path: string; content: Buffer };
  /** An earlier offer that is obsolete now and that the user has not touched. */
  staleOffer?: string;
}

/**
 * Applies the rules of `decide` and keeps the books of the file: its pristine copy and the new text offered beside it.
 *
 * An offer stays open until the user's file takes it in or the user deletes the `.new` file. Deleting it says "seen":
 * from then on the offered text counts as the base, so the next change merges instead of conflicting again.
 *
 * @param isFree whether a path is neither generated nor recorded, hence may serve for an offer
 */
export function settleGenerated(
  root: string,
  file: GeneratedFile,
  disk: DiskFile | undefined,
  recorded: FileRecord | undefined,
  isFree: (path: string) => boolean,
): GeneratedOutcome {
  const next = Buffer.from(file.content);
  // What was a secret, or the user's own, has no pristine text of ours.
  const known = recorded?.class === 'generated' ? recorded : undefined;
  const offer = known?.offer;
  const offerOnDisk = offer && readDisk(resolve(root, offer.path), offer.path, false);
  const isSeen = offer !== undefined && offerOnDisk === undefined && disk !== undefined;

  const baseHash = isSeen ? offer.sha256 : known?.sha256;
  const copy =
    baseHash && readDisk(resolve(root, (isSeen ? offeredPath : basePath)(file.path)), file.path, false);
  // A copy that was tampered with or damaged is no base to merge on.
  const base = copy && sha256(copy.content) === baseHash ? copy.content : undefined;
  const decision = decide({ next, disk: disk?.content, baseHash, base });

  const record: FileRecord = { class: 'generated', mode: file.mode };
  const outcome: GeneratedOutcome = { ...decision, record };
  if (decision.action !== 'conflict') {
    record.sha256 = sha256(next);
    outcome.base = next;
    if (offer && offerOnDisk?.snapshot.sha256 === offer.sha256) outcome.staleOffer = offer.path;
    return outcome;
  }
  if (baseHash !== undefined) record.sha256 = baseHash;
  if (base !== undefined) outcome.base = base;
  const isOurs = offerOnDisk?.snapshot.sha256 === offer?.sha256;
  const path = offer && isOurs && !isSeen ? offer.path : freeName(root, file.path, next, isFree);
  record.offer = { path, sha256: sha256(next) };
  outcome.offer = { path, content: next };
  outcome.offered = next;
  return outcome;
}

/** `<name>.new`, or the first numbered one that would not replace something of the user's. */
function freeName(root: string, path: string, next: Buffer, isFree: (path: string) => boolean): string {
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? `${path}.new` : `${path}.new.${number}`;
    if (!isFree(candidate)) continue;
    const disk = readDisk(resolve(root, candidate), candidate, false);
    if (disk === undefined || disk.content.equals(next)) return candidate;
  }
}
