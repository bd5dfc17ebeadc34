import { EXIT, type Problem, UserError } from '../errors.ts';
import { suggestion } from '../stack/answer-problem.ts';
import type { Secret, SecretClass } from '../stack/model.ts';
import type { ScheduleEntry } from './schedule.ts';

/** The development certificate, which is rotated like a secret but lies in files of its own. */
export const CERTIFICATE = 'CERTIFICATE';

export const ROTATION_CLASSES = [
  'engine',
  'signing',
  'encryption',
  'external',
  'bootstrap',
  'certificate',
] as const;
export type RotationClass = SecretClass | 'certificate';

/** What the user asks for. */
export interface Request {
  names: readonly string[];
  all: boolean;
  due: boolean;
  classes: readonly RotationClass[];
  emergency: boolean;
  /** Drop replaced keys instead of replacing values. */
  retire: boolean;
}

interface Material {
  secrets: readonly Secret[];
  schedule: readonly ScheduleEntry[];
  /** Why the certificate is due; undefined: it is not. */
  certificateDue: string | undefined;
  hasCertificate: boolean;
  /** Ids the user has given a new value for. */
  supplied: readonly string[];
}

/** Whether the request names anything at all. */
export function isEmptyRequest({ names, all, due, classes, emergency, retire }: Request): boolean {
  return names.length === 0 && !all && !due && classes.length === 0 && !emergency && !retire;
}

/**
 * The ids to rotate (or, with `retire`, the replaced keys to drop), in the stack's order. A group never holds a key of
 * stored data, nor a value that only a third party can issue and that was not given.
 * @throws {UserError} for names that are not there or that cannot be rotated by themselves
 */
export function selectSecrets(request: Request, material: Material): string[] {
  refuseNames(request, material);
  if (request.retire) return retirable(request, material);
  const { names, all, due, classes, emergency } = request;
  const everything = all || (emergency && names.length === 0 && classes.length === 0 && !due);
  const overdue = new Set(
    material.schedule.filter((entry) => entry.overdue && entry.action === 'rotate').map(({ id }) => id),
  );
  const inGroup = ({ id, class: name, kind }: Secret): boolean => {
    if (name === 'encryption') return false;
    if (kind === 'external' && !material.supplied.includes(id)) return false;
    return everything || classes.includes(name) || (due && overdue.has(id));
  };
  const ids = material.secrets
    .filter((secret) => isStored(secret) && (names.includes(secret.id) || inGroup(secret)))
    .map(({ id }) => id);
  const certificate =
    material.hasCertificate &&
    (names.includes(CERTIFICATE) ||
      everything ||
      classes.includes('certificate') ||
      (due && material.certificateDue !== undefined));
  return certificate ? [...ids, CERTIFICATE] : ids;
}

function retirable({ names, all }: Request, { secrets, schedule }: Material): string[] {
  const present = schedule.filter(({ action }) => action === 'retire');
  return present
    .filter(({ id, class: name, overdue }) => {
      const owner = secrets.find(({ overlap }) => overlap?.previous === id);
      if (names.includes(id) || (owner && names.includes(owner.id))) return true;
      // What still encrypts stored data is dropped by name only.
      return names.length === 0 && name !== 'encryption' && (all || overdue);
    })
    .map(({ id }) => id);
}

/** A secret with a value of its own. */
function isStored({ kind }: Secret): boolean {
  return kind !== 'derived' && kind !== 'previous' && kind !== 'setting';
}

function refuseNames({ names, retire }: Request, { secrets, hasCertificate }: Material): void {
  const problems = names.flatMap((name): Problem[] => {
    if (name === CERTIFICATE) {
      if (hasCertificate && !retire) return [];
      return [{ message: `${CERTIFICATE}: only a certificate of the development CA is rotated here` }];
    }
    const secret = secrets.find(({ id }) => id === name);
    if (!secret) {
      const hint = suggestion(
        name,
        secrets.filter(isStored).map(({ id }) => id),
      );
      return [{ message: `there is no secret called ${name} in this stack`, ...(hint ? { hint } : {}) }];
    }
    switch (secret.kind) {
      case 'derived':
        return [{ message: `${name} is computed from other values`, hint: 'rotate those' }];
      case 'setting':
        return [{ message: `${name} is no secret; it changes with the password it belongs to` }];
      case 'previous':
        return retire ? [] : [{ message: `${name} holds replaced keys`, hint: 'drop them with --retire' }];
      default:
        return retire && secret.overlap?.previous === undefined
          ? [{ message: `${name} has no replaced key that is still accepted` }]
          : [];
    }
  });
  if (problems.length > 0) throw new UserError(problems, EXIT.usage);
}
