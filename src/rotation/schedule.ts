import type { SecretValues } from '../secrets/values.ts';
import type { Secret, SecretClass, SecretKind, SecretStore } from '../stack/model.ts';
import type { Ages } from './ages.ts';

const DAY = 86_400_000;
const HOUR = 3_600_000;

/** The age of one secret and when it has to be replaced. */
export interface ScheduleEntry {
  id: string;
  class: SecretClass | 'certificate';
  kind: SecretKind | 'certificate';
  /** Workloads that see the value, or one that is made from it. */
  consumers: readonly string[];
  /**
   * `unknown`: there is a value, and no record of when it was set. There is none while it is `blank`, which only the user
   * can fill in, or `missing`, which the next run makes.
   */
  state: 'known' | 'unknown' | 'blank' | 'missing';
  /** When the present value was set, where that is known. */
  since?: Date;
  /** Undefined: there is no date at which it would have to change. */
  due?: Date;
  overdue: boolean;
  /**
   * What is to be done: `retire` a replaced key that nothing needs any more; of certificates that `rotate` does not make,
   * `cert renew`, `cert renew --ca`, and a new file of the user's.
   */
  action: 'rotate' | 'retire' | 'renew' | 'roll over' | 'replace';
}

/** Every stored secret with its age and due date. Derived values follow theirs; settings are no secrets. */
export function scheduleOf(
  stack: { secrets: readonly Secret[]; secretStore: Pick<SecretStore, 'schedule'> },
  ages: Ages | undefined,
  now: Date,
  values: SecretValues,
): ScheduleEntry[] {
  return stack.secrets
    .filter(({ kind }) => kind !== 'derived' && kind !== 'setting')
    .flatMap((secret): ScheduleEntry[] => {
      const { id, kind, consumers, placeholder } = secret;
      const hasValue = !['', placeholder].includes(values.get(id));
      if (kind === 'previous' && !hasValue) return [];
      const age = hasValue ? ages?.secrets[id] : undefined;
      const state = age ? 'known' : hasValue ? 'unknown' : kind === 'external' ? 'blank' : 'missing';
      const since = age && new Date(age.rotated ?? age.created);
      const due = since && dueDate(secret, since, stack);
      return [
        {
          id,
          class: secret.class,
          kind,
          consumers,
          state,
          ...(since ? { since } : {}),
          ...(due ? { due } : {}),
          // What may be of any age may be too old, unless no age is.
          overdue:
            state === 'unknown' ? dueDate(secret, now, stack) !== undefined : due !== undefined && due <= now,
          action: kind === 'previous' ? 'retire' : 'rotate',
        },
      ];
    });
}

/** What has to be done now. */
export function dueSecrets(...args: Parameters<typeof scheduleOf>): ScheduleEntry[] {
  return scheduleOf(...args).filter(({ overdue }) => overdue);
}

function dueDate(
  { id, kind, class: name }: Secret,
  since: Date,
  { secrets, secretStore: { schedule } }: Parameters<typeof scheduleOf>[0],
): Date | undefined {
  if (kind === 'previous') {
    const owner = secrets.find(({ overlap }) => overlap?.previous === id);
    // A replaced encryption key goes when the data no longer needs it, which no clock can tell.
    return name === 'signing' && owner?.overlap
      ? new Date(since.getTime() + owner.overlap.hours * HOUR)
      : undefined;
  }
  switch (name) {
    case 'signing':
    case 'external':
      return new Date(since.getTime() + schedule[name] * DAY);
    case 'engine':
    case 'bootstrap':
      return new Date(since.getTime() + schedule.engine * DAY);
    case 'encryption':
      return undefined;
  }
}
