import { lstatSync, type Stats } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { shellWord } from '../render/quote/shell.ts';
import { errorCode } from '../workspace/failure.ts';
import type { Finding } from './finding.ts';

/** A file or folder with the permission bits it should have. */
export interface PlannedMode {
  path: string;
  mode: number;
  /** Nobody but the owner may reach what is in it. */
  secret: boolean;
}

/**
 * Permissions that are looser, or too strict to work, than planned. A difference that harms nobody, such as the group's
 * write bit after a clone under umask 002, is noted.
 * @param secretFiles files of secrets that exist: whoever may write to their folder may replace them
 */
export function modeFindings(
  root: string,
  planned: readonly PlannedMode[],
  secretFiles: readonly string[],
): Finding[] {
  const folders = new Set(planned.filter(({ secret }) => secret).map(({ path }) => resolve(root, path)));
  const shared = new Map(secretFiles.map((path) => [dirname(resolve(root, path)), path]));
  return [
    ...planned.flatMap((one) => pathFindings(root, one)),
    ...[...shared]
      .filter(([folder]) => !folders.has(folder))
      .flatMap(([folder, path]) => sharedFolder(folder, path)),
  ];
}

function pathFindings(root: string, { path, mode, secret }: PlannedMode): Finding[] {
  const status = statusOf(resolve(root, path));
  if (status === undefined) return [];
  // Absolute: the reader may stand in another folder that has a file of the same name.
  const hint = `chmod ${octal(mode)} ${shellWord(resolve(root, path))}`;
  if (status.isSymbolicLink()) {
    const message = 'is a symbolic link, and could lead a secret to a place somebody else chose';
    return secret
      ? [{ rule: 'mode.link', severity: 'error', file: path, message, hint: 'replace it by the file' }]
      : [];
  }
  const actual = status.mode & 0o7777;
  const added = actual & ~mode;
  const taken = mode & ~actual;
  if (added === 0 && taken === 0) return [];
  const message = `has permissions ${octal(actual)}, should be ${octal(mode)}`;
  if (secret && (added & 0o077) !== 0)
    return [
      {
        rule: 'mode.secret',
        severity: 'error',
        file: path,
        message: `${message}: others may reach secrets`,
        hint,
      },
    ];
  if ((added & 0o002) !== 0)
    return [
      {
        rule: 'mode.loose',
        severity: 'error',
        file: path,
        message: `${message}: everybody may change it`,
        hint,
      },
    ];
  if ((taken & 0o555) !== 0)
    return [
      {
        rule: 'mode.strict',
        severity: 'warning',
        file: path,
        message: `${message}: the stack cannot use it`,
        hint,
      },
    ];
  return [{ rule: 'mode.differs', severity: 'note', file: path, message, hint }];
}

function sharedFolder(folder: string, path: string): Finding[] {
  const status = statusOf(folder);
  if (status === undefined || (status.mode & 0o022) === 0) return [];
  return [
    {
      rule: 'mode.shared-folder',
      severity: 'error',
      file: path,
      message: 'is in a folder that others may write to, and could be replaced by them',
      hint: `chmod go-w ${shellWord(folder)}`,
    },
  ];
}

function statusOf(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM'].includes(errorCode(error) ?? '')) return undefined;
    throw error;
  }
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}
