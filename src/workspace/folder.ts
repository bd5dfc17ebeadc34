import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { STACK_FILE } from '../stack/stack-file.ts';
import { errorCode, ioFailure } from './failure.ts';
import { lstat, refusal } from './paths.ts';
import { JOURNAL, MANIFEST, STATE } from './state.ts';

/** Not content of the user's: a repository just initialised, and what an interrupted first run left. */
const IGNORED: readonly string[] = ['.git', STATE];

/** Any of these says that the folder is a stack of ours. */
const MARKS: readonly string[] = [STACK_FILE, MANIFEST, JOURNAL];

/**
 * Whose folder it is.
 * @throws {UserError} exit 3 when it is no folder, exit 1 when it cannot be read
 */
export function inspectFolder(root: string): 'absent' | 'empty' | 'ours' | 'foreign' {
  const folder = resolve(root);
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return 'absent';
    if (errorCode(error) === 'ENOTDIR') throw refusal(`${root} is not a folder`, 'name another folder');
    throw ioFailure(error, `reading ${root}`, 'no file was changed');
  }
  if (MARKS.some((mark) => lstat(join(folder, mark)) !== undefined)) return 'ours';
  return names.every((name) => IGNORED.includes(name)) ? 'empty' : 'foreign';
}
