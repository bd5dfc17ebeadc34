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
import { volumesAtStake } from '../../stack/old-data.ts';
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
  let oldData: readonly string[] = [];
  const { prepared, plan } = await writeStack(order, async ({ stack, secrets }) => {
    oldData = await volumeFinder()(volumesAtStake(stack, secrets.generated));
    if (oldData.length > 0 && !order.force) throw refusal(oldData, stack);
  });
  report(invocation, order, prepared, plan, { written: plan.changes, oldData });
  return plan.entries.some(({ action }) => action === 'conflict') ? EXIT.refused : EXIT.ok;
}

/** Asks Docker; not in CI, where the answers alone decide. */
export function volumeFinder(): FindVolumes {
  return inCi() ? async () => [] : existingVolumes;
}

function refusal(volumes: readonly string[], { secretStore: { envFile } }: Stack): UserError {
  return new UserError(
    {
      message: `${envFile} is not here, but the data in ${volumes.join(', ')} is, and opens with its old passwords only`,
      hint: `restore ${envFile}, or give the passwords with --secret-file NAME=FILE; or remove the data: docker volume rm ${volumes.join(' ')}; --force makes new passwords, and tells how the data takes them`,
    },
    EXIT.refused,
  );
}

export interface Prepared extends Assembled {
  stack: Stack;
  /** What the change of answers means for the data that is there, one line each. */
  consequences: readonly string[];
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
 * @param approve throws for what must not be written
 * @throws {UserError} when the folder is not ours or cannot be written
 */
export async function writeStack(
  order: Order,
  approve: (prepared: Prepared) => Promise<void> = async () => undefined,
): Promise<{ prepared: Prepared; plan: Plan }> {
  const root = resolve(order.folder);
  await refuseForeign(order.folder);
  return withLock(root, async () => {
    await recover(root);
    const result = await preview(order);
    await approve(result.prepared);
    await applyPlan(result.plan, { toolVersion: version });
    return result;
  });
}

function readBefore({ answersRead }: Order): { answersRead?: string } {
  return answersRead === undefined ? {} : { answersRead };
}
