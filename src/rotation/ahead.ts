import { dependentsOf } from './files.ts';
import type { StackFolder } from './folder.ts';
import { interruptions, type PlannedRestart } from './interruption.ts';
import type { Journal } from './journal.ts';
import { stepsOf } from './machine.ts';
import { rolls } from './plan.ts';

/** What the steps that are left of an open rotation interrupt. */
export function restartsAhead(
  journal: Journal,
  { stack, env }: Pick<StackFolder, 'stack' | 'env'>,
): PlannedRestart[] {
  const left = stepsOf(journal).slice(journal.done);
  const one = journal.credentials.filter(({ overlap }) => !overlap || journal.mode === 'emergency');
  const lockedOut = one.flatMap(({ secret }) =>
    dependentsOf(stack, env, { changes: journal.changes.filter(({ id }) => id === secret) }),
  );
  const restarts = left.flatMap((step) => (step.do === 'restart' ? [step.workload] : []));
  return interruptions(
    stack.workloads
      .filter(({ name }) => restarts.includes(name))
      .map((workload) => ({ workload, rolling: rolls(journal, stack, workload) })),
    new Set(lockedOut),
  );
}
