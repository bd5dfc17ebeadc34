import { EXIT, UserError } from '../errors.ts';

const EXPLANATIONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  ENOSPC: 'no space left',
  EDQUOT: 'disk quota exceeded',
  EACCES: 'no permission',
  EPERM: 'not permitted',
  EROFS: 'the file system is read-only',
  EIO: 'the disk reports an input/output error',
  EFBIG: 'file size limit exceeded',
  EMFILE: 'too many open files',
  ENAMETOOLONG: 'the name is too long',
};

/** The `code` of an error from the operating system, e.g. `ENOENT`. */
export function errorCode(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : undefined;
}

/**
 * Turns an error of the operating system into one line for the user; any other error passes through, because it is
 * a refusal already or a bug.
 *
 * @param doing e.g. `writing .env`
 * @param outcome what state the disk is in now, e.g. `no file was changed`
 */
export function ioFailure(error: unknown, doing: string, outcome: string): unknown {
  const code = errorCode(error);
  if (code === undefined) return error;
  const failure = new UserError(`${EXPLANATIONS[code] ?? code} ${doing}; ${outcome}`, EXIT.failed);
  failure.cause = error;
  return failure;
}

/** Runs `action` and gives undefined when it fails with one of `codes`. */
export function tolerate<T>(codes: readonly string[], action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (codes.includes(errorCode(error) ?? '')) return undefined;
    throw error;
  }
}

/** Tidies up where a failure of the system must not hide what went before it; what stays is found by a later run. */
export function tidy(action: () => void): void {
  try {
    action();
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
  }
}
