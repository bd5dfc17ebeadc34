/**
 * Single steps that leave a file either as it was or as it shall be. Everything is synchronous: between two steps of
 * a transaction no other code of this process may run.
 */
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errorCode, tidy, tolerate } from './failure.ts';

/** 96 random bits: nobody can guess the name and put something there first. */
export function newTemporaryId(): string {
  return randomBytes(12).toString('hex');
}

/** The temporary file beside `target`: on the same file system, so that it can be renamed over it. */
export function temporaryPath(target: string, id: string): string {
  return join(dirname(target), `.${basename(target)}.css-${id}.tmp`);
}

/** Whether a file name is one that {@link temporaryPath} gives for a target called `name`. */
export function isTemporaryName(file: string, name: string): boolean {
  return file.startsWith(`.${name}.css-`) && /^[0-9a-f]{24}\.tmp$/.test(file.slice(name.length + 6));
}

export interface Staging {
  content: Uint8Array;
  mode: number;
  /** A secret's file gets a mode wider than 0600 only after it is complete. */
  secret: boolean;
  /** Owner to keep: the one of the file that will be replaced. */
  owner?: { uid: number; gid: number };
}

/** Writes a new file completely and durably. It must not exist, not even as a link that leads nowhere. */
export function stageFile(path: string, { content, mode, secret, owner }: Staging): void {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const file = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    // chown clears bits of the mode, and the umask took some from open: hence the mode last and by fchmod.
    if (owner !== undefined) keepOwner(file, owner);
    if (!secret) fchmodSync(file, mode);
    writeFileSync(file, content);
    if (secret) fchmodSync(file, mode);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function keepOwner(file: number, owner: { uid: number; gid: number }): void {
  const status = fstatSync(file);
  if (status.uid === owner.uid && status.gid === owner.gid) return;
  // Only root can give a file away; for anybody else the replaced file becomes their own.
  tolerate(['EPERM'], () => fchownSync(file, owner.uid, owner.gid));
}

/** Replaces one file whole, durably. A failure leaves the old one and no temporary file. */
export function writeFileAtomically(path: string, content: string, mode: number): void {
  const temporary = temporaryPath(path, newTemporaryId());
  try {
    stageFile(temporary, { content: Buffer.from(content), mode, secret: false });
    renameSync(temporary, path);
  } catch (error) {
    tidy(() => rmSync(temporary, { force: true }));
    throw error;
  }
  syncDirectory(dirname(path));
}

/** Makes the names in a folder durable. */
export function syncDirectory(path: string): void {
  let folder: number;
  try {
    folder = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    // A folder may be writable but not readable (0300); it cannot be opened, hence not synced.
    if (errorCode(error) === 'EACCES') return;
    throw error;
  }
  try {
    // Some network file systems have no fsync for folders.
    tolerate(['EINVAL', 'ENOTSUP'], () => fsyncSync(folder));
  } finally {
    closeSync(folder);
  }
}

/**
 * Makes one folder with exactly `mode`, whatever the umask; private until then.
 * @returns false when it was there already
 */
export function makeDirectory(path: string, mode: number): boolean {
  try {
    mkdirSync(path, 0o700);
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
  chmodSync(path, mode);
  return true;
}
