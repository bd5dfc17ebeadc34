import { spawnSync } from 'node:child_process';
import { devNull } from 'node:os';
import { posix } from 'node:path';
import type { SecretValues } from '../secrets/values.ts';
import type { Finding } from './finding.ts';

export interface GitCheck {
  /** Absolute. */
  root: string;
  /** Secret files and keys inside the folder, whether they exist or not; relative. */
  secretPaths: readonly string[];
  /** Values to look for in tracked files. */
  values: SecretValues;
}

/** Files by the name of `.env` that show its variables, not their values. */
const SAMPLES = /^\.env\.(example|sample|template|dist)$/;
/** Shorter values occur by chance. */
const SHORTEST = 12;
const MAX_OUTPUT = 64 * 1024 * 1024;

/** Whether git tracks a secret, would track one, or has the value of one in any tracked file. */
export function gitFindings({ root, secretPaths, values }: GitCheck): Finding[] {
  const inside = git(root, ['rev-parse', '--is-inside-work-tree', '--show-prefix']);
  if (inside.code === undefined) return [skipped('git is not installed')];
  const [isInside, prefix = ''] = inside.output.split('\n');
  if (inside.code !== 0 || isInside !== 'true') return [skipped('the folder is in no git work tree')];

  const listing = git(root, [
    'ls-files',
    '-z',
    '--',
    ...secretPaths.map((path) => `:(literal)${path}`),
    ':(glob)**/.env',
    ':(glob)**/.env.*',
  ]);
  const ignoring = git(root, ['check-ignore', '-z', '--stdin', '--no-index'], secretPaths.join('\0'));
  // 1 is check-ignore's word for "none of them".
  if (listing.code !== 0 || (ignoring.code !== 0 && ignoring.code !== 1))
    return [skipped('git cannot read the repository')];
  const leaked = listed(listing).filter((path) => !SAMPLES.test(posix.basename(path)));
  const ignored = new Set(listed(ignoring));
  const open = secretPaths.filter((path) => !ignored.has(path));
  return [
    ...leaked.map(
      (file): Finding => ({
        rule: 'git.tracked-secret',
        severity: 'error',
        file,
        message: 'is tracked by git',
        hint: `git rm --cached ${file}; then rotate what is in it: the history keeps it`,
      }),
    ),
    ...open.map(
      (file): Finding => ({
        rule: 'git.not-ignored',
        severity: 'error',
        file,
        message: 'is not ignored by git',
        hint: 'put it into .gitignore',
      }),
    ),
    ...valueFindings(root, values, new Set(leaked), prefix),
  ];
}

/** The values go to git through its standard input only, and what it prints of them stays in here. */
function valueFindings(
  root: string,
  values: SecretValues,
  leaked: ReadonlySet<string>,
  prefix: string,
): Finding[] {
  const names = values.names().filter((name) => values.get(name).length >= SHORTEST);
  if (names.length === 0) return [];
  const patterns = names.map((name) => values.get(name)).join('\n');
  const findings = new Map<string, Finding>();
  // What is staged and what lies in the work tree are two texts, and either may be the next commit.
  for (const source of [['--cached'], []]) {
    const options = [
      '-a',
      '-n',
      '-z',
      '-F',
      '--full-name',
      '--no-color',
      '--no-recurse-submodules',
      '-f',
      '-',
    ];
    const { code, output } = git(root, ['grep', ...source, ...options, '--', ':/'], patterns);
    if (code !== 0 && code !== 1)
      return [skipped('git could not search the tracked files for secret values')];
    for (const match of output.matchAll(/([^\0\n]*)\0(\d+)[\0:]([^\n]*)\n/g)) {
      const [, path = '', line = '', text = ''] = match;
      const file = posix.relative(prefix, path);
      if (leaked.has(file)) continue;
      for (const name of names.filter((one) => text.includes(values.get(one)))) {
        findings.set([file, line, name].join('\0'), {
          rule: 'git.secret-value',
          severity: 'error',
          file,
          line: Number(line),
          message: `holds the value of ${name}, and is tracked by git`,
          hint: 'take it out and rotate the secret: the history may keep it',
        });
      }
    }
  }
  return [...findings.values()];
}

function skipped(reason: string): Finding {
  return {
    rule: 'git.skipped',
    severity: 'note',
    file: '.',
    message: `not checked for secrets in git: ${reason}`,
  };
}

function listed({ output }: { output: string }): string[] {
  return output.split('\0').filter((path) => path !== '');
}

/**
 * Runs a reading git command with nothing of the caller's environment or configuration: another user's checkout is
 * checked the same, and an ignore list of the caller's own must not hide what everybody else would commit. A repository
 * can name a program in `core.fsmonitor`, the one that these commands would start; it is overridden.
 * @returns code undefined when there is no git
 */
function git(
  cwd: string,
  args: readonly string[],
  input = '',
): { code: number | null | undefined; output: string } {
  const settings = ['-c', 'core.fsmonitor=false', '-c', 'core.quotePath=false', '-c', 'safe.directory=*'];
  const { error, status, stdout } = spawnSync('git', ['--no-pager', ...settings, ...args], {
    cwd,
    input,
    encoding: 'utf8',
    maxBuffer: MAX_OUTPUT,
    env: {
      PATH: process.env['PATH'] ?? '/usr/bin:/bin',
      LC_ALL: 'C',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: devNull,
      GIT_OPTIONAL_LOCKS: '0',
      GIT_TERMINAL_PROMPT: '0',
    },
  });
  const isMissing = (error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
  return { code: isMissing ? undefined : status, output: stdout ?? '' };
}
