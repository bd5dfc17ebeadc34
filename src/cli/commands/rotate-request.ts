import { type Problem, UserError } from '../../errors.ts';
import type { StackFolder } from '../../rotation/folder.ts';
import type { RotationPlan } from '../../rotation/plan.ts';
import {
  CERTIFICATE_AUTHORITY,
  type Request,
  ROTATION_CLASSES,
  type RotationClass,
} from '../../rotation/select.ts';
import type { Arguments } from '../args.ts';

/** @throws {UserError} for values that are not taken: who gave one would believe it in use */
export function refuseSupplied(names: readonly string[], secrets: StackFolder['stack']['secrets']): void {
  const problems = names.flatMap((name): Problem[] => {
    const secret = secrets.find(({ id }) => id === name);
    if (secret?.kind === 'external') return [];
    return [
      {
        flag: `--secret-file ${name}`,
        message: secret
          ? 'its new value is made here and cannot be given'
          : 'there is no such secret in this stack',
      },
    ];
  });
  if (problems.length > 0) throw new UserError(problems);
}

/** @throws {UserError} for flags of which one would silently do nothing */
export function refuseContradictions({ names, switches, values }: Arguments): void {
  const given = [...switches, ...values.keys()];
  const aims = [
    'all',
    'due',
    'class',
    'emergency',
    'retire',
    'secret-file',
    'offline',
    'repair',
    'accept-logout',
    'force',
  ];
  for (const [flag, excluded] of [
    ['resume', ['rollback', ...aims]],
    ['rollback', aims],
    ['retire', ['due', 'emergency', 'secret-file']],
  ] as const) {
    if (!switches.has(flag)) continue;
    const other = excluded.find((one) => given.includes(one));
    const what = other ? `--${other}` : flag === 'retire' ? undefined : names[0];
    if (what === undefined) continue;
    throw new UserError({ message: `--${flag} and ${what} exclude each other`, hint: 'give one of them' });
  }
}

/**
 * Whether everything asked for is rotated. A key of stored data is never part of a group, nor is the development CA; and
 * a replaced key is not before its time.
 */
export function isComplete({ refused }: RotationPlan, { names }: Request, { stack }: StackFolder): boolean {
  return refused.every(
    ({ id }) =>
      !names.includes(id) &&
      (id === CERTIFICATE_AUTHORITY ||
        stack.secrets.some(
          (secret) => secret.id === id && (secret.class === 'encryption' || secret.kind === 'previous'),
        )),
  );
}

export function requestOf({ names, switches, values }: Arguments): Request {
  const classes = values.get('class') ?? [];
  for (const name of classes) {
    if (!ROTATION_CLASSES.some((one) => one === name) || name === 'encryption')
      throw new UserError({
        message: `--class ${name}: there is no such class`,
        hint:
          name === 'encryption'
            ? 'keys of stored data are rotated one by one, by name'
            : `there are ${ROTATION_CLASSES.filter((one) => one !== 'encryption').join(', ')}`,
      });
  }
  return {
    names,
    all: switches.has('all'),
    due: switches.has('due'),
    classes: classes as RotationClass[],
    emergency: switches.has('emergency'),
    retire: switches.has('retire'),
  };
}
