import { type Container, isUnwell } from '../engine/project.ts';
import { EXIT, UserError } from '../errors.ts';
import { startsAfter } from '../stack/flows.ts';
import type { Stack } from '../stack/model.ts';
import type { RotationPlan } from './plan.ts';

/** Services of which no container does its work. */
export function unwellAmong(containers: readonly Container[]): Set<string> {
  const well = new Set(containers.filter((one) => !isUnwell(one)).map(({ service }) => service));
  return new Set(containers.map(({ service }) => service).filter((name) => !well.has(name)));
}

/**
 * Containers that are unhealthy would be replaced by ones that do not become healthy either. Where a password is refused
 * that the plan repairs, that may be the reason, and then the rotation is what heals them.
 * @throws {UserError} exit 3 naming what is unhealthy
 */
export function refuseUnwell(
  { journal, barred = [], unwell = new Set() }: RotationPlan,
  { flows, credentials, workloads }: Pick<Stack, 'flows' | 'credentials' | 'workloads'>,
): void {
  if (journal === undefined) return;
  const healing = new Set([...barred, ...(journal.reread ?? [])]);
  // A set that grows while it is gone through: whatever waits for one of them, and for that in turn.
  for (const one of healing)
    for (const { name } of workloads) if (startsAfter(name, flows).includes(one)) healing.add(name);
  const concerned = new Set([
    ...journal.dependents.flatMap((name) => [name, ...startsAfter(name, flows)]),
    ...credentials
      .filter(({ secret }) => journal.credentials.some((one) => one.secret === secret))
      .map(({ service }) => service),
  ]);
  const found = [...concerned].filter((name) => unwell.has(name) && !healing.has(name));
  if (found.length > 0)
    throw new UserError(
      found.map((name) => ({
        message: `${name} is not healthy already, and would not be afterwards`,
        hint: `see docker compose logs ${name}; mend it first, or rotate all the same with --force`,
      })),
      EXIT.refused,
    );
}
