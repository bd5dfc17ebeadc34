import { relative, resolve } from 'node:path';
import { CERTIFICATES } from '../certs/places.ts';
import { formatProblem } from '../errors.ts';
import { composeCommand, primaryUrl } from '../render/docs/commands.ts';
import { shellWord } from '../render/quote/shell.ts';
import type { Stack } from '../stack/model.ts';
import { passwordsIn } from '../stack/old-data.ts';
import { LETS_ENCRYPT, LETS_ENCRYPT_STAGING } from '../stack/tls-schema.ts';
import type { Plan } from '../workspace/index.ts';
import { STATE } from '../workspace/state.ts';
import type { Order, Prepared } from './commands/create.ts';
import { equivalentCommand, NPX } from './equivalent.ts';
import type { Invocation } from './main.ts';
import { version } from './version.ts';

/** Tells what was (or would be) done, what needs attention, and which commands come next. */
export function report(
  { args, output }: Invocation,
  order: Order,
  prepared: Prepared,
  plan: Plan,
  { written, oldData = [] }: { written: boolean; oldData?: readonly string[] },
): void {
  const warnings = warningsOf(prepared, plan);
  const isAsked = order.stagingAnswered || args.values.has('tls-staging');
  const notes = [...prepared.notes, ...(isAsked ? [] : firstTries(prepared, plan))];
  const nextSteps = nextStepsOf(order, prepared, oldData);
  if (args.switches.has('json')) {
    output.result(
      JSON.stringify(
        {
          version,
          dir: resolve(order.folder),
          written,
          files: plan.entries.map(({ path, class: kind, action, mode, reason, offer }) => ({
            path,
            class: kind,
            action,
            mode: mode.toString(8).padStart(4, '0'),
            reason,
            ...(offer ? { offer } : {}),
          })),
          secrets: {
            generated: prepared.secrets.generated,
            missing: prepared.secrets.missing,
            retired: prepared.secrets.retired,
          },
          notes,
          warnings,
          nextSteps,
        },
        null,
        2,
      ),
    );
    return;
  }
  for (const line of summary(plan)) output.note(line);
  for (const note of notes) output.note(`  ${note}`);
  if (prepared.secrets.generated.length > 0)
    output.note(
      `  made ${prepared.secrets.generated.length} secrets, in ${prepared.stack.secretStore.envFile}`,
    );
  for (const warning of warnings) output.note(`${output.style('yellow', 'warning:')} ${warning}`);
  output.note('');
  output.result(nextSteps.map(({ why, command }) => `# ${why}\n${command}`).join('\n'));
}

function summary(plan: Plan): string[] {
  const files = plan.entries.filter(({ class: kind }) => kind !== 'directory');
  const count = (word: string): number =>
    files.filter(({ action, obsolete }) => (obsolete ? 'obsolete' : action) === word).length;
  const parts = [
    ['create', 'written'],
    ['update', 'updated'],
    ['merge', 'merged with your edits'],
    ['keep', 'kept as you edited them'],
    ['obsolete', 'no longer used, but kept'],
    ['conflict', 'in conflict with your edits'],
    ['remove', 'removed'],
    ['mode', 'with permissions put right'],
  ] as const;
  const told = parts
    .filter(([action]) => count(action) > 0)
    .map(([action, words]) => `${count(action)} ${words}`);
  const listed = files
    .filter(({ action }) => ['merge', 'remove', 'mode', 'update', 'keep'].includes(action))
    .slice(0, 30);
  return [
    headline(plan, told),
    ...listed.map(({ path, action, reason }) => `  ${action.padEnd(8)} ${path} (${reason})`),
  ];
}

function headline({ changes }: Plan, told: readonly string[]): string {
  if (!changes) return `${['Nothing to change', ...told].join('; ')}.`;
  return told.length > 0 ? `Files: ${told.join(', ')}.` : `Files: as they were; ${STATE} is put right.`;
}

/** Advice for a stack that is about to ask Let's Encrypt for its first certificate. */
function firstTries({ stack }: Prepared, plan: Plan): string[] {
  const isFirst = plan.entries.some(({ path, action }) => path === CERTIFICATES.leaf && action === 'create');
  return isFirst && asksAuthority(stack, LETS_ENCRYPT)
    ? ['for first tries set tls.staging: true, which has no tight rate limits']
    : [];
}

function asksAuthority({ workloads }: Stack, directory: string): boolean {
  return workloads.some(({ environment }) => environment['LEGO_SERVER'] === directory);
}

function warningsOf({ stack, secrets, consequences }: Prepared, plan: Plan): string[] {
  return [
    ...consequences,
    ...plan.entries
      .filter(({ action }) => action === 'conflict')
      .map(
        ({ path, offer }) =>
          `${path}: your edits and ours touch the same lines; yours stay, ours are in ${offer ?? `${path}.new`}`,
      ),
    ...secrets.missing.map(
      (id) =>
        `${id} is blank: the stack will not start before you fill it in (in ${stack.secretStore.envFile}; then run this again)`,
    ),
    ...(secrets.retired.length === 0
      ? []
      : [
          `no longer used, and kept at the end of ${stack.secretStore.envFile} until you delete them: ${secrets.retired.join(', ')}`,
        ]),
    ...secrets.ignored.map(
      (id) => `${id}: the value given was not taken; ${stack.secretStore.envFile} has one already`,
    ),
    ...secrets.problems.map(formatProblem),
    ...stack.warnings,
  ];
}

function nextStepsOf(
  order: Order,
  { stack }: Prepared,
  oldData: readonly string[],
): { why: string; command: string }[] {
  const compose = composeCommand(stack);
  const folder = relative('', resolve(order.folder));
  return [
    ...(folder === ''
      ? []
      : [{ why: 'go there', command: `cd ${shellWord(folder.startsWith('-') ? `./${folder}` : folder)}` }]),
    { why: `start; then open ${primaryUrl(stack)}`, command: `${compose} up -d --wait` },
    ...(stack.environment === 'development'
      ? []
      : [
          {
            why: 'close the host; confirm from a new connection (firewall/README.md)',
            command: 'sudo firewall/firewall.sh apply',
          },
        ]),
    ...(oldData.length === 0
      ? []
      : [
          {
            why: `once it runs: make the data in ${oldData.join(', ')} accept the new passwords`,
            command: `${NPX} rotate ${passwordsIn(stack, oldData).join(' ')} --repair`,
          },
        ]),
    ...(asksAuthority(stack, LETS_ENCRYPT_STAGING)
      ? [
          {
            why: 'once it runs with the test certificate: the real one',
            command: `${NPX} . --yes --tls-staging false && ${compose} up -d --wait`,
          },
        ]
      : []),
    { why: 'the same without questions', command: equivalentCommand(order) },
  ];
}
