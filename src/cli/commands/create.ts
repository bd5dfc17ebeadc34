import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { existingVolumes } from '../../engine/volumes.ts';
import { EXIT, type ExitCode, UserError } from '../../errors.ts';
import { type Assembled, assemble } from '../../project/assemble.ts';
import { readInputs } from '../../project/inputs.ts';
import { missingSources } from '../../project/sources.ts';
import { systemRandom } from '../../secrets/kinds.ts';
import { buildStack } from '../../stack/build.ts';
import { consequences } from '../../stack/consequences.ts';
import { parseStackDocument, readSpec, type StackDocument } from '../../stack/load.ts';
import type { Stack } from '../../stack/model.ts';
import { passwordsIn, volumesAtStake } from '../../stack/old-data.ts';
import type { StackSpec } from '../../stack/schema.ts';
import { STACK_FILE } from '../../stack/stack-file.ts';
import { refuseForeign } from '../../wizard/folder.ts';
import { applyPlan, type Plan, planTree, recover, unifiedDiff, withLock } from '../../workspace/index.ts';
import type { Invocation } from '../main.ts';
import { report } from '../report.ts';
import { inCi } from '../take-order.ts';
import { version } from '../version.ts';

/** What is to be written: complete answers and the values the user has entered. */
export interface Order {
  folder: string;
  source: StackDocument;
  /** stack.yaml as it was read, if there was one. */
  answersRead: string | undefined;
  supplied: Readonly<Record<string, string>>;
  /** Freshly resolved image digests, to be kept in place of those on disk. */
  digests?: Readonly<Record<string, string>>;
  /** New passwords are wanted, though data was made with others. */
  force?: boolean;
  /** Whoever was asked about test certificates needs no advice to try them. */
  stagingAnswered?: boolean;
}

/** Those of the volumes that exist. */
export type FindVolumes = typeof existingVolumes;

/** Carries an order out: answers → stack.yaml → files on disk. */
export async function create(invocation: Invocation, order: Order): Promise<ExitCode> {
  const { args, output } = invocation;
  await refuseForeign(order.folder);
  if (args.switches.has('dry-run')) {
    const { prepared, plan } = await preview(order);
    if (args.switches.has('json')) report(invocation, order, prepared, plan, { written: false });
    else
      output.result(
        (await unifiedDiff(plan, { colour: output.style('red', 'x', 'stdout') !== 'x' })) ||
          'Nothing would change.',
      );
    return args.switches.has('exit-code') && plan.changes ? EXIT.findings : EXIT.ok;
  }
  const { prepared, plan, oldData } = await writeStack(order);
  report(invocation, order, prepared, plan, { written: plan.changes, oldData });
  return plan.entries.some(({ action }) => action === 'conflict') ? EXIT.refused : EXIT.ok;
}

/** Asks Docker; not in CI, where the answers alone decide. */
export function volumeFinder(): FindVolumes {
  return inCi() ? async () => [] : existingVolumes;
}

/** @throws {UserError} for passwords newly made beside data that was set up with others, unless they are wanted */
async function oldDataOf(
  { force, answersRead }: Order,
  { stack, secrets, hasEnv }: Prepared,
  findVolumes: FindVolumes,
): Promise<{ volumes: readonly string[]; notes: readonly string[] }> {
  const { envFile } = stack.secretStore;
  const volumes = await findVolumes(volumesAtStake(stack, secrets));
  if (volumes === 'unknown')
    return {
      volumes: [],
      // In a new folder everything is new, most likely the stack's name as well.
      notes:
        answersRead === undefined
          ? []
          : ['Docker did not answer, so it is not known whether old data of this name is here'],
    };
  if (volumes.length === 0 || force) return { volumes, notes: [] };
  const unknown = passwordsIn(stack, volumes).filter((id) => secrets.generated.includes(id));
  throw new UserError(
    {
      message: `${envFile} has no password for the data in ${volumes.join(', ')}, which opens with its old ones only`,
      hint: `${hasEnv ? '' : `restore ${envFile}, or `}run create-secure-stack with ${unknown.map((id) => `--secret-file ${id}=FILE`).join(' ')}; or remove the data: docker volume rm ${volumes.join(' ')}; or with --force: new passwords now, and the command that makes the data accept them`,
    },
    EXIT.refused,
  );
}

export interface Prepared extends Assembled {
  stack: Stack;
  /** What the change of answers means for the data that is there, one line each. */
  consequences: readonly string[];
  /** Whether there was an env file before. */
  hasEnv: boolean;
}

/** Everything the order consists of, in memory. */
export async function prepare({ folder, source, answersRead, supplied, digests }: Order): Promise<Prepared> {
  const root = resolve(folder);
  const spec = readSpec(source);
  const stack = buildStack(spec);
  const found = readInputs(root, spec, stack);
  const inputs = digests === undefined ? found : { ...found, digests };
  const assembled = await assemble(stack, { inputs, supplied, now: new Date(), random: systemRandom });
  const answers = { path: STACK_FILE, content: source.text, mode: 0o644, class: 'answers' } as const;
  return {
    ...assembled,
    notes: [
      ...assembled.notes,
      ...missingSources(root, spec).map(
        ({ path, message, hint }) => `${path.join('.')}: ${message}; ${hint}`,
      ),
    ],
    stack,
    hasEnv: found.env !== undefined,
    consequences: answersRead === source.text ? [] : consequencesOf(answersRead, spec),
    tree: {
      files: [answers, ...assembled.tree.files],
      directories: [{ path: '.', mode: folderMode(root) }, ...assembled.tree.directories],
    },
  };
}

function consequencesOf(answersRead: string | undefined, spec: StackSpec): string[] {
  if (answersRead === undefined) return [];
  try {
    return consequences(readSpec(parseStackDocument(answersRead, STACK_FILE)), spec);
  } catch (error) {
    // What cannot be read has never become a stack.
    if (error instanceof UserError) return [];
    throw error;
  }
}

/** The folder's own mode, less the right of others to write in it: whoever may write there may replace the secrets. */
function folderMode(root: string): number {
  const status = statSync(root, { throwIfNoEntry: false });
  return status?.isDirectory() ? status.mode & 0o7755 : 0o755;
}

/** What writing it would do; touches nothing. */
export async function preview(order: Order): Promise<{ prepared: Prepared; plan: Plan }> {
  const prepared = await prepare(order);
  return { prepared, plan: await planTree(resolve(order.folder), prepared.tree, readBefore(order)) };
}

/**
 * Carries the order out, under the folder's lock.
 * @throws {UserError} when the folder is not ours or cannot be written, or for old data without its passwords
 */
export async function writeStack(
  order: Order,
  findVolumes: FindVolumes = volumeFinder(),
): Promise<{ prepared: Prepared; plan: Plan; oldData: readonly string[] }> {
  const root = resolve(order.folder);
  await refuseForeign(order.folder);
  return withLock(root, async () => {
    await recover(root);
    const { prepared, plan } = await preview(order);
    const { volumes, notes } = await oldDataOf(order, prepared, findVolumes);
    await applyPlan(plan, { toolVersion: version });
    return { prepared: { ...prepared, notes: [...prepared.notes, ...notes] }, plan, oldData: volumes };
  });
}

function readBefore({ answersRead }: Order): { answersRead?: string } {
  return answersRead === undefined ? {} : { answersRead };
}
