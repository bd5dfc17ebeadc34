import { lstatSync, realpathSync, type Stats, statSync } from 'node:fs';
import { dirname, isAbsolute, join, posix, relative, resolve, sep } from 'node:path';
import { EXIT, UserError } from '../errors.ts';
import { tolerate } from './failure.ts';
import { STATE } from './state.ts';

/** Whether `path` can stand in a tree: absolute and normal, or relative and below the root. */
export function isTreePath(path: string): boolean {
  if (path === '' || path.includes('\0') || path.includes('\\') || path.endsWith('/')) return false;
  if (posix.normalize(path) !== path) return false;
  return path !== '.' && path !== '..' && !path.startsWith('../');
}

/** Whether `path` lies in the folder of our own records, where no generated file may be. */
export function isStatePath(path: string): boolean {
  return path === STATE || path.startsWith(`${STATE}/`);
}

/** The folders that lead to `path`, outermost first, as tree paths; without the root itself. */
export function parentPaths(path: string): string[] {
  const parents: string[] = [];
  for (let parent = posix.dirname(path); parent !== '.' && parent !== '/'; parent = posix.dirname(parent)) {
    parents.unshift(parent);
  }
  return parents;
}

/** The absolute root, with symbolic links on the way to it followed; also for a folder that does not exist yet. */
export function resolveRoot(root: string): string {
  const absolute = resolve(root);
  const status = stat(absolute);
  if (status === undefined) {
    if (lstat(absolute) !== undefined) throw refusal(`${root}: is a symbolic link that leads nowhere`);
    return absolute;
  }
  if (!status.isDirectory()) throw refusal(`${root} is not a folder`, 'name another folder');
  return realpathSync(absolute);
}

/**
 * Refuses a path whose file or folder is not plainly where its name says: a symbolic link could lead a write, or a
 * secret, to a place that somebody else chose.
 *
 * @throws {UserError} exit 3
 */
export function refuseUnsafePath(
  root: string,
  path: string,
  kind: 'file' | 'secret' | 'directory' = 'file',
): void {
  const parents = isAbsolute(path) ? [dirname(path)] : parentPaths(path);
  for (const parent of parents) {
    const status = lstat(join(isAbsolute(path) ? '' : root, parent));
    if (status === undefined) return;
    if (status.isSymbolicLink()) refuseLink(root, path, parent, kind);
    else if (!status.isDirectory()) throw refusal(`${parent}: is in the way of ${path}: not a folder`);
  }
  const status = lstat(resolve(root, path));
  if (status === undefined) return;
  if (status.isSymbolicLink()) {
    throw refusal(
      `${path}: is a symbolic link; writing through it could change another file`,
      'remove the link',
    );
  }
  if (kind === 'directory' ? !status.isDirectory() : !status.isFile()) {
    throw refusal(`${path}: is in the way: not a ${kind === 'directory' ? 'folder' : 'regular file'}`);
  }
}

function refuseLink(root: string, path: string, parent: string, kind: string): void {
  if (kind === 'secret') {
    throw refusal(
      `${parent}: is a symbolic link on the way to the secret ${path}`,
      'replace it by a real folder',
    );
  }
  if (isAbsolute(path)) return;
  const target = tolerate(['ENOENT', 'ELOOP'], () => realpathSync(join(root, parent)));
  const inside = target !== undefined && !relative(root, target).split(sep).includes('..');
  if (!inside) throw refusal(`${parent}: is a symbolic link that leads out of ${root}`, 'remove the link');
}

/**
 * Refuses to put a secret into a folder where another user could swap the file: who may write to a folder may
 * replace what is in it, whatever the file's own mode (the check sshd makes as StrictModes). A folder that containers
 * write to is open to all by its mode, and safe where one above it, still inside of the stack, lets nobody else pass.
 *
 * @throws {UserError} exit 3
 */
export function refuseSharedFolder(root: string, path: string): void {
  const folder = dirname(resolve(root, path));
  const status = stat(folder);
  const user = process.geteuid?.();
  if (status === undefined || user === undefined) return;
  if (isShielded(root, path)) return;
  if ((status.mode & 0o022) !== 0) {
    throw refusal(
      `${folder}: others may write to this folder, so ${path} would not be safe in it`,
      `chmod go-w ${folder}`,
    );
  }
  if (status.uid !== user && status.uid !== 0) {
    throw refusal(
      `${folder}: belongs to another user, who could replace ${path}`,
      'run as its owner, or chown it',
    );
  }
}

function isShielded(root: string, path: string): boolean {
  if (isAbsolute(path)) return false;
  const user = process.geteuid?.();
  return parentPaths(path)
    .slice(0, -1)
    .some((parent) => {
      const status = lstat(join(root, parent));
      return status?.isDirectory() && (status.mode & 0o077) === 0 && [user, 0].includes(status.uid);
    });
}

/** A refusal: exit code 3. */
export function refusal(message: string, hint?: string): UserError {
  return new UserError(hint === undefined ? { message } : { message, hint }, EXIT.refused);
}

export function lstat(path: string): Stats | undefined {
  return tolerate(['ENOENT', 'ENOTDIR'], () => lstatSync(path));
}

function stat(path: string): Stats | undefined {
  return tolerate(['ENOENT', 'ENOTDIR'], () => statSync(path));
}
