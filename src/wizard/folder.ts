import { resolve } from 'node:path';
import { EXIT, UserError } from '../errors.ts';
import type { Session } from './session.ts';

/**
 * What speaks against the folder that a stack of this name would be written to; undefined when nothing does or when the
 * user has named a folder.
 */
export async function nameProblem({ folder }: Session, name: string): Promise<string | undefined> {
  if (folder !== undefined) return undefined;
  const { inspectFolder } = await import('../workspace/folder.ts');
  try {
    switch (inspectFolder(resolve(name))) {
      case 'ours':
        return `./${name} holds a stack already; choose another name`;
      case 'foreign':
        return `./${name} exists and is not empty; choose another name`;
      default:
        return undefined;
    }
  } catch (error) {
    if (error instanceof UserError) return error.problems[0]?.message;
    throw error;
  }
}

/** @throws {UserError} exit 3, before anything is asked, for a folder that nothing may be written to */
export async function refuseForeign(folder: string): Promise<void> {
  const { inspectFolder } = await import('../workspace/folder.ts');
  if (inspectFolder(resolve(folder)) === 'foreign')
    throw new UserError(
      { message: `${folder}: is not empty and holds no stack`, hint: 'name an empty or a new folder' },
      EXIT.refused,
    );
}
