import { isSameButLineEndings, mergeTexts } from './merge.ts';
import { sha256 } from './snapshot.ts';

/** What is known about one generated file before a run. */
export interface Situation {
  /** The text that the stack wants now. */
  next: Buffer;
  /** What is on disk; undefined: nothing. */
  disk: Buffer | undefined;
  /** Hash of the pristine text the user last took over; undefined: the file was never ours. */
  baseHash: string | undefined;
  /** That text itself; undefined when the copy is gone. */
  base: Buffer | undefined;
}

export interface Decision {
  action: 'create' | 'update' | 'merge' | 'unchanged' | 'keep' | 'conflict';
  reason: string;
  /** To be written to the file; undefined: the file is left alone. */
  content?: Buffer;
}

/** What happens to a generated file, so that no edit of the user's is ever lost. */
export function decide({ next, disk, baseHash, base }: Situation): Decision {
  if (disk === undefined) {
    const reason = baseHash === undefined ? 'new' : 'recreated: it had been deleted, and the stack needs it';
    return { action: 'create', reason, content: next };
  }
  if (disk.equals(next)) {
    return { action: 'unchanged', reason: baseHash === undefined ? 'already as generated' : 'up to date' };
  }
  if (isSameButLineEndings(disk, next)) {
    return { action: 'keep', reason: 'up to date but for the line endings, which are yours' };
  }
  if (baseHash === undefined) {
    return { action: 'conflict', reason: 'a file that was not generated is in its place; yours stays' };
  }
  if (sha256(disk) === baseHash) return { action: 'update', reason: 'not edited', content: next };
  if (sha256(next) === baseHash) return { action: 'keep', reason: 'edited by you; nothing new to add' };
  if (base === undefined) {
    return {
      action: 'conflict',
      reason: 'edited by you, and the pristine copy to merge with is missing; yours stays',
    };
  }
  const merged = mergeTexts(base, disk, next);
  if (merged === undefined) {
    return { action: 'conflict', reason: 'you and the new version changed the same lines; yours stays' };
  }
  if (merged.equals(disk)) return { action: 'keep', reason: 'your edits already contain what is new' };
  return { action: 'merge', reason: 'what is new was merged into your edits', content: merged };
}
