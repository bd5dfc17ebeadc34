import type { Credential } from '../catalog/rotation.ts';
import type { Problem } from '../errors.ts';
import { secretsRevisionVariable } from '../secrets/revisions.ts';
import type { Stack, Workload } from '../stack/model.ts';
import { dependentsOf } from './files.ts';
import { interruptions, type PlannedRestart } from './interruption.ts';
import type { Change, Journal } from './journal.ts';
import { outcomeOf, type PlannedSecret, type Refused, type Situation } from './outcomes.ts';
import { CERTIFICATE } from './select.ts';

export interface RotationPlan {
  secrets: readonly PlannedSecret[];
  refused: readonly Refused[];
  /** Containers that are replaced: beside the old one, or in its place. */
  restarts: readonly PlannedRestart[];
  /** Workloads that see a new value but do not run; they take it when they start. */
  idle: readonly string[];
  /** Services that stack.yaml does not know to have a value that changes, and that are left as they are. */
  outsiders?: readonly string[];
  /** Passwords that their services refuse now, and what can be done. */
  locked?: readonly Problem[];
  /** Workloads that have one of those. */
  barred?: readonly string[];
  /** Services that are unhealthy now. */
  unwell?: ReadonlySet<string>;
  /** Absent when there is nothing to do. */
  journal?: Journal;
}

/** Decides what a rotation of these secrets does. Makes the new values; changes nothing. */
export function planRotation(ids: readonly string[], situation: Situation): RotationPlan {
  const { stack, env, running, unwell, emergency, certificate, now } = situation;
  const secrets: PlannedSecret[] = [];
  const refused: Refused[] = [];
  const changes: Change[] = [];
  const credentials: Credential[] = [];
  const reencrypt: string[] = [];
  const lockedOut = new Set<string>();
  for (const id of ids) {
    const outcome = outcomeOf(id, situation);
    if ('reason' in outcome) {
      refused.push(outcome);
      continue;
    }
    secrets.push(outcome.planned);
    changes.push(...outcome.changes);
    if (outcome.credential) credentials.push(outcome.credential);
    reencrypt.push(...(outcome.reencrypt ?? []));
    for (const name of outcome.lockedOut ?? []) lockedOut.add(name);
  }
  if (secrets.length === 0) return { secrets, refused, restarts: [], idle: [] };

  // A service that takes its password while it runs needs no restart, and Compose must not see a reason for one.
  const live = new Set(credentials.map(({ service }) => service));
  const touched = dependentsOf(stack, env, { changes }).filter((name) => !live.has(name));
  const dependents = touched.filter((name) => running.has(name));
  const unhealthy = dependents.filter((name) => unwell.has(name));
  const mode = emergency ? 'emergency' : 'normal';
  const counters = touched.map(secretsRevisionVariable).filter((variable) => env.values.has(variable));
  return {
    secrets,
    refused,
    restarts: interruptions(
      dependents
        .map((one) => stack.workloads.find(({ name }) => name === one)!)
        .map((workload) => ({ workload, rolling: rolls({ mode, unhealthy }, stack, workload) })),
      lockedOut,
    ),
    idle: touched.filter((name) => !running.has(name)),
    unwell,
    journal: {
      started: now.toISOString(),
      mode,
      direction: 'forward',
      changes: [
        ...changes,
        ...[...new Set(counters)].map((id) =>
          counterChange(id, env.values.get(id), {
            // A container that was not made anew yet has to be, too, when more than its old values is to come back.
            always: changes.some(({ back }) => back !== undefined),
          }),
        ),
      ],
      credentials: credentials.map(({ secret, overlap, revoke }) => ({
        secret,
        overlap,
        ...(revoke ? {} : { alone: true }),
      })),
      dependents,
      ...(unhealthy.length > 0 ? { unhealthy } : {}),
      reencrypt: reencrypt.filter((name) => running.has(name)),
      ...(certificate && ids.includes(CERTIFICATE) && 'after' in certificate ? { certificate } : {}),
      ...(situation.offline ? { offline: true } : {}),
      done: 0,
    },
  };
}

/** Whether the new container starts beside the old one; one that is unhealthy is not worth keeping meanwhile. */
export function rolls(
  { mode, unhealthy = [] }: Pick<Journal, 'mode' | 'unhealthy'>,
  stack: Pick<Stack, 'flows'>,
  workload: Workload,
): boolean {
  return mode === 'normal' && !unhealthy.includes(workload.name) && canRoll(stack, workload);
}

/**
 * Whether a second container may run beside the first for a moment: somebody calls the app over the network, its health
 * can be seen, and nothing of it can exist only once, such as a volume or a port of the host.
 */
export function canRoll({ flows }: Pick<Stack, 'flows'>, workload: Workload): boolean {
  return (
    workload.kind === 'app' &&
    workload.health !== 'none' &&
    workload.volumes.length === 0 &&
    workload.published.length === 0 &&
    workload.mounts.every(({ writable }) => !writable) &&
    flows.some(({ to }) => to === workload.name)
  );
}

/** The counter that makes Compose see a new configuration; a damaged one starts again. */
function counterChange(id: string, before: string, { always }: { always: boolean }): Change {
  const next = /^[1-9][0-9]{0,14}$/.test(before) ? Number(before) + 1 : 1;
  return { id, before, after: String(next), ...(always ? { back: String(next + 1) } : {}) };
}
