import { createHash } from 'node:crypto';
import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
} from 'node:fs';
import { errorCode, ioFailure, tolerate } from './failure.ts';
import { refusal } from './paths.ts';

/** Tells whether a file is still the one that was read, without holding its content. */
export interface Snapshot {
  inode: string;
  size: string;
  /** Nanoseconds. */
  modified: string;
  /** Not for secrets: the hash of a weak password gives the password away. */
  sha256?: string;
}

export interface DiskFile {
  content: Buffer;
  mode: number;
  owner: { uid: number; gid: number };
  snapshot: Snapshot;
}

export function sha256(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/**
 * Reads a regular file, never through a symbolic link.
 * @returns undefined when there is none
 * @throws {UserError} exit 3 for a link or something that is no file, exit 1 when it cannot be read
 */
export function readDisk(path: string, name: string, secret: boolean): DiskFile | undefined {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  let file: number;
  try {
    file = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (code === 'ELOOP') throw refusal(`${name}: is a symbolic link`, 'remove the link');
    throw ioFailure(error, `reading ${name}`, 'no file was changed');
  }
  try {
    const status = fstatSync(file, { bigint: true });
    if (!status.isFile()) throw refusal(`${name}: is in the way: not a regular file`);
    const content = readFileSync(file);
    const snapshot = identity(status);
    if (!secret) snapshot.sha256 = sha256(content);
    return {
      content,
      mode: Number(status.mode) & 0o7777,
      owner: { uid: Number(status.uid), gid: Number(status.gid) },
      snapshot,
    };
  } finally {
    closeSync(file);
  }
}

/** Whether what is at `path` is what `before` describes; undefined stands for nothing there. */
export function isUnchanged(path: string, before: Snapshot | undefined): boolean {
  const status = tolerate(['ENOENT', 'ENOTDIR'], () => lstatSync(path, { bigint: true }));
  if (status === undefined || before === undefined) return status === before;
  if (!status.isFile()) return false;
  const now = identity(status);
  if (now.inode === before.inode && now.size === before.size && now.modified === before.modified) return true;
  // The same text under another inode: the folder was copied, or the file checked out anew.
  return before.sha256 !== undefined && before.sha256 === sha256(readFileSync(path));
}

function identity(status: BigIntStats): Snapshot {
  return { inode: `${status.ino}`, size: `${status.size}`, modified: `${status.mtimeNs}` };
}
