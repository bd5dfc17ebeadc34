import { existsSync, lstatSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { UserError } from '../errors.ts';
import type { FileTree, GeneratedFile } from '../fileset.ts';
import { errorCode } from '../workspace/failure.ts';
import { type PlanEntry, planTree } from '../workspace/index.ts';
import { type Finding, findingsOf } from './finding.ts';

const RERUN = 'run create-secure-stack on the folder';

/**
 * Where the generated files are not what a run would leave: the plan of that run, read as findings. What the user has
 * edited, and a run would keep, is only noted.
 * @param files without secrets and certificates
 * @param leftOut paths of those
 * @param answers the text of stack.yaml that the files come from
 */
export async function driftFindings(
  root: string,
  {
    files,
    leftOut,
    answers,
  }: { files: readonly GeneratedFile[]; leftOut: readonly string[]; answers: string },
): Promise<Finding[]> {
  try {
    // Permissions are another check's business, and a plan would not tell an edit from them.
    const tree: FileTree = { files: files.map((file) => withModeOnDisk(root, file)), directories: [] };
    const { entries } = await planTree(root, tree, { answersRead: answers, leftOut });
    const leftOvers = files.filter(
      ({ path, class: kind }) =>
        kind === 'generated' &&
        existsSync(resolve(root, `${path}.new`)) &&
        !entries.some((entry) => entry.path === path && entry.action === 'conflict'),
    );
    return [...entries.flatMap((entry) => entryFindings(root, entry)), ...leftOvers.map(leftOver)];
  } catch (error) {
    if (error instanceof UserError) return findingsOf(error, { rule: 'drift.refused', file: '.' });
    // Another user than the owner cannot look everywhere, and shall be told so, not get a trace.
    if (['EACCES', 'EPERM'].includes(errorCode(error) ?? ''))
      return [
        {
          rule: 'drift.unreadable',
          severity: 'error',
          file: relative(root, String((error as NodeJS.ErrnoException).path ?? '.')) || '.',
          message: 'may not be read by you, so that drift was not looked for',
          hint: 'run the check as the owner of the stack',
        },
      ];
    throw error;
  }
}

function withModeOnDisk(root: string, file: GeneratedFile): GeneratedFile {
  const status = lstatSync(resolve(root, file.path), { throwIfNoEntry: false });
  return status === undefined ? file : { ...file, mode: status.mode & 0o7777 };
}

function entryFindings(root: string, { path, class: kind, action, reason, offer }: PlanEntry): Finding[] {
  const found = (rule: string, severity: Finding['severity'], message: string, hint?: string): Finding[] => [
    { rule, severity, file: path, message, ...(hint === undefined ? {} : { hint }) },
  ];
  switch (action) {
    case 'create':
      return found('drift.missing', 'error', 'is missing', RERUN);
    case 'update':
    case 'merge':
      return found('drift.outdated', 'error', 'is not what stack.yaml gives now', RERUN);
    case 'remove':
      return found('drift.obsolete', 'error', 'is no longer part of the stack', RERUN);
    case 'keep':
      if (kind === 'secret') return found('secrets.obsolete', 'note', reason);
      return kind === 'seed' ? [] : found('drift.edited', 'note', reason);
    case 'conflict': {
      const isOffered = offer !== undefined && existsSync(resolve(root, offer));
      return found(
        'drift.conflict',
        'error',
        isOffered
          ? `your edits and the new version, in ${offer}, touch the same lines`
          : 'your edits and what stack.yaml gives now touch the same lines',
        isOffered ? `take over what you want and delete ${offer}` : RERUN,
      );
    }
    case 'unchanged':
    case 'mode':
      return [];
  }
}

function leftOver({ path }: GeneratedFile): Finding {
  return {
    rule: 'drift.left-over',
    severity: 'warning',
    file: `${path}.new`,
    message: `is left over from a conflict in ${path} that is settled`,
    hint: 'delete it',
  };
}
