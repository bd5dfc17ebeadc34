import { isAbsolute, join, resolve } from 'node:path';
import { EXIT, type ExitCode, UserError } from '../../errors.ts';
import { checkStack } from '../../verify/check.ts';
import { type Finding, SEVERITIES, type Severity } from '../../verify/finding.ts';
import { givenAnswers } from '../answers.ts';
import type { Invocation } from '../main.ts';
import type { Output } from '../output.ts';
import { version } from '../version.ts';

const STYLES = { error: 'red', warning: 'yellow', note: 'dim' } as const satisfies Record<Severity, string>;

/** Reads a stack's folder and tells what is wrong with it; changes nothing. Notes do not fail it. */
export async function check({ args, output }: Invocation): Promise<ExitCode> {
  const { folder, source } = await givenAnswers(args);
  if (folder === undefined || source === undefined)
    throw new UserError(
      {
        message: `there is no stack.yaml in ${args.target ?? 'this folder'}`,
        hint: 'name the folder of a stack',
      },
      EXIT.refused,
    );
  const findings = await checkStack({
    root: folder,
    source,
    now: new Date(),
    against: args.values.get('against') ?? [],
  });
  const ok = findings.every(({ severity }) => severity === 'note');
  output.result(
    args.switches.has('json')
      ? JSON.stringify({ version, dir: resolve(folder), ok, findings }, null, 2)
      : reportText(findings, folder, output),
  );
  return ok ? EXIT.ok : EXIT.findings;
}

/** `file:line: message (hint) [rule]` under the word for its severity; the sum comes last. */
function reportText(findings: readonly Finding[], folder: string, output: Output): string {
  const groups = SEVERITIES.map((severity) => findings.filter((one) => one.severity === severity));
  const lines = groups.flatMap((group) =>
    group.length === 0
      ? []
      : [
          output.style(STYLES[group[0]!.severity], `${counted(group)}:`, 'stdout'),
          ...group.map((finding) => findingLine(finding, folder)),
          '',
        ],
  );
  const sum = groups.filter((group) => group.length > 0).map(counted);
  const isClean = findings.every(({ severity }) => severity === 'note');
  return [
    ...lines,
    `${isClean ? 'Nothing wrong found' : 'Found'}${sum.length > 0 ? `${isClean ? '; ' : ' '}${sum.join(', ')}` : ''}.`,
  ].join('\n');
}

function findingLine({ file, line, message, hint, rule }: Finding, folder: string): string {
  const shown = isAbsolute(file) || folder === '.' ? file : join(folder, file);
  const where = line === undefined ? shown : `${shown}:${line}`;
  return visible(`${where}: ${message}${hint === undefined ? '' : ` (${hint})`} [${rule}]`);
}

function counted(group: readonly Finding[]): string {
  return `${group.length} ${group[0]!.severity}${group.length === 1 ? '' : 's'}`;
}

/** Names come from files that anybody may have written: no control character of theirs reaches the terminal. */
function visible(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '?');
}
