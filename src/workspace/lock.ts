import { linkSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync, unlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { EXIT, UserError } from '../errors.ts';
import { isTemporaryName, makeDirectory, newTemporaryId, stageFile, temporaryPath } from './atomic.ts';
import { errorCode, ioFailure, tidy, tolerate } from './failure.ts';
import { lstat, parentPaths, refusal, refuseUnsafePath, resolveRoot } from './paths.ts';
import { currentProcess, isRunning, type ProcessIdentity } from './process-identity.ts';
import { LOCK, STATE } from './state.ts';

interface Holder extends ProcessIdentity {
  /** Tells two locks of one process apart. */
  token: string;
  /** ISO 8601. */
  since: string;
}

/**
 * Runs `action` while no other run of the program works on the folder. Leaves no folder behind if the action writes
 * nothing. The lock of a process that died is taken over at once.
 *
 * @throws {UserError} exit 3 when another process holds the lock, exit 1 when the folder cannot be written to
 */
export async function withLock<T>(root: string, action: () => Promise<T>): Promise<T> {
  const folder = resolveRoot(root);
  refuseUnsafePath(folder, `${STATE}/${LOCK}`);
  const made = acquireIn(folder);
  const release = () => {
    // A lock that cannot be removed is worth nothing from the end of this process on; the work itself is done.
    tidy(() => rmSync(join(folder, STATE, LOCK), { force: true }));
    removeEmpty([join(folder, STATE), ...made.toReversed()]);
  };
  process.once('exit', release);
  try {
    return await action();
  } finally {
    process.off('exit', release);
    release();
  }
}

/** @returns the folders made for the lock, parents first */
function acquireIn(root: string): string[] {
  const state = join(root, STATE);
  const made: string[] = [];
  try {
    for (;;) {
      for (const path of [...parentPaths(root), root, state]) {
        if (lstat(path) === undefined && makeFolder(path) && path !== state) made.push(path);
      }
      try {
        acquire(state, LOCK);
        break;
      } catch (error) {
        // Another run released its lock and took the empty folder away.
        if (errorCode(error) !== 'ENOENT') throw error;
      }
    }
    sweep(state);
    return made;
  } catch (error) {
    removeEmpty([state, ...made.toReversed()]);
    throw ioFailure(error, `locking ${root}`, 'no file was changed');
  }
}

/** @returns whether it was not there before */
function makeFolder(path: string): boolean {
  try {
    return makeDirectory(path, 0o755);
  } catch (error) {
    // The system's answer in /proc, for one, although the folder around it is there.
    if (errorCode(error) !== 'ENOENT' || lstat(dirname(path)) === undefined) throw error;
    throw new UserError(
      { message: `${path}: no folder can be made there`, hint: 'name another folder' },
      EXIT.failed,
    );
  }
}

function removeEmpty(folders: readonly string[]): void {
  for (const path of folders) tidy(() => rmdirSync(path));
}

/**
 * Makes the lock file. It appears complete, by a hard link, so that nobody ever reads half of it.
 *
 * Only who holds `lock.<token of the dead holder>` may replace a dead lock, and only while the lock still carries
 * that token: of two that find it dead, the second finds either that file or another token. Since that file is
 * itself such a lock, a taker that dies in between is dealt with in the same way.
 */
function acquire(folder: string, name: string): void {
  const lock = join(folder, name);
  const token = newTemporaryId();
  const claim = temporaryPath(lock, token);
  const holder: Holder = { ...currentProcess(), token, since: new Date().toISOString() };
  try {
    stageFile(claim, { content: Buffer.from(`${JSON.stringify(holder)}\n`), mode: 0o644, secret: false });
    while (!tryLink(claim, lock)) {
      const other = readHolder(lock);
      if (other === undefined) continue;
      if (isRunning(other)) throw locked(other, lock);
      acquire(folder, `${LOCK}.${other.token}`);
      try {
        if (readHolder(lock)?.token !== other.token) continue;
        renameSync(claim, lock);
        return;
      } finally {
        tidy(() => rmSync(join(folder, `${LOCK}.${other.token}`), { force: true }));
      }
    }
  } finally {
    tidy(() => rmSync(claim, { force: true }));
  }
}

function tryLink(claim: string, lock: string): boolean {
  try {
    linkSync(claim, lock);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

function readHolder(lock: string): Holder | undefined {
  const text = tolerate(['ENOENT'], () => readFileSync(lock, 'utf8'));
  if (text === undefined) return undefined;
  try {
    const holder = JSON.parse(text) as Partial<Holder> | null;
    if (
      Number.isInteger(holder?.pid) &&
      typeof holder?.host === 'string' &&
      /^[0-9a-f]{24}$/.test(`${holder.token}`)
    ) {
      return holder as Holder;
    }
  } catch {
    // Told below, like any other content that is not ours.
  }
  throw refusal(`${lock}: is not a lock of this program`, 'delete it if no other run is going on');
}

function locked({ pid, host, since }: Holder, lock: string): Error {
  const where = host === currentProcess().host ? '' : ` on ${host}`;
  return refusal(
    `another run is working on this folder: process ${pid}${where}, since ${since}`,
    where === '' ? 'wait for it to end' : `wait for it to end; if it is gone, delete ${lock}`,
  );
}

/** Removes what takers that died left. A living one notices, by the token or the missing file, and tries again. */
function sweep(folder: string): void {
  for (const name of readdirSync(folder)) {
    const isClaim =
      name.startsWith(`.${LOCK}`) && isTemporaryName(name, name.slice(1, name.indexOf('.css-')));
    if (isClaim || name.startsWith(`${LOCK}.`)) tolerate(['ENOENT'], () => unlinkSync(join(folder, name)));
  }
}
