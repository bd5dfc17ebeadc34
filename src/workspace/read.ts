import { readFileSync } from 'node:fs';
import { UserError } from '../errors.ts';

/** The file's text; undefined when there is no such file. @throws {UserError} when it cannot be read */
export function readOptional(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (code === 'EACCES' || code === 'EPERM')
      throw new UserError(
        { message: `${path}: no permission to read it`, hint: 'run as the user who made it, or with sudo' },
        1,
      );
    if (code === 'EISDIR') throw new UserError({ message: `${path}: is a folder, a file was expected` }, 3);
    throw error;
  }
}
