import { EXIT, type Problem, UserError } from '../errors.ts';
import { suggestion } from '../stack/answer-problem.ts';
import type { Secret, SecretClass } from '../stack/model.ts';
import type { ScheduleEntry } from './schedule.ts';

/** The development certificate, which is rotated like a secret but lies in files of its own. */
export const CERTIFICATE = 'CERTIFICATE';
/** The development CA, which another command rolls over. */
export const CERTIFICATE_AUTHORITY = 'CERTIFICATE_AUTHORITY';

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
  /** Replaced keys to drop beside what is replaced. */
  drop?: readonly string[];
}

interface Material {
  secrets: readonly Secret[];
  schedule: readonly ScheduleEntry[];
  /** Why the certificate is due; undefined: it is not. */
  certificateDue: string | undefined;
  hasCertificate: boolean;
}

/** Whether the request names anything at all. */
export function isEmptyRequest({ names, all, due, classes, emergency, retire }: Request): boolean {
  return names.length === 0 && !all && !due && classes.length === 0 && !emergency && !retire;
}

/**
 * The ids to rotate (or, with `retire`, the replaced keys to drop), in the stack's order. What cannot be rotated is among
 * them: the plan says why. What is due includes replaced keys whose time is over.
 * @throws {UserError} for names that are not there or that cannot be rotated by themselves
 */
export function selectSecrets(request: Request, material: Material): string[] {
  refuseNames(request, material);
  if (request.retire) return retirable(request, material);
  const { names, all, due, classes, emergency, drop = [] } = request;
  const everything = all || (emergency && names.length === 0 && classes.length === 0 && !due);
  const overdue = (wanted: ScheduleEntry['action']): Set<string> =>
    new Set(
      due
        ? material.schedule.filter((entry) => entry.overdue && entry.action === wanted).map(({ id }) => id)
        : [],
    );
  const [toRotate, toRetire] = [overdue('rotate'), overdue('retire')];
  const chosen = material.secrets.filter(
    (secret) =>
      isStored(secret) &&
      (names.includes(secret.id) || everything || classes.includes(secret.class) || toRotate.has(secret.id)),
  );
  // The replaced key of one that is rotated again gives way to the next one anyway.
  const giveWay = new Set(chosen.map(({ overlap }) => overlap?.previous));
  const ids = material.secrets
    .filter(
      (secret) =>
        chosen.includes(secret) ||
        ((toRetire.has(secret.id) || drop.includes(secret.id)) && !giveWay.has(secret.id)),
    )
    .map(({ id }) => id);
  const certificate =
    material.hasCertificate &&
    (names.includes(CERTIFICATE) ||
      everything ||
      classes.includes('certificate') ||
      (due && material.certificateDue !== undefined));
  // It stays; whoever takes its certificates to be compromised, or has one made when it is about to end, has to know.
  const authority =
    material.hasCertificate &&
    (names.includes(CERTIFICATE_AUTHORITY) ||
      classes.includes('certificate') ||
      (emergency && everything) ||
      (certificate && material.schedule.some(({ id, overdue }) => id === CERTIFICATE_AUTHORITY && overdue)));
  return [...ids, ...(certificate ? [CERTIFICATE] : []), ...(authority ? [CERTIFICATE_AUTHORITY] : [])];
}

function retirable({ names, all, classes }: Request, { secrets, schedule }: Material): string[] {
  const present = schedule.filter(({ action }) => action === 'retire');
  return present
    .filter(({ id, class: name, overdue }) => {
      const owner = secrets.find(({ overlap }) => overlap?.previous === id);
      if (names.includes(id) || (owner && names.includes(owner.id))) return true;
      // What still encrypts stored data is dropped by name only.
      const isAsked = classes.includes(name) || (classes.length === 0 && (all || overdue));
      return names.length === 0 && name !== 'encryption' && isAsked;
    })
    .map(({ id }) => id);
}

/** A secret with a value of its own. */
function isStored({ kind }: Secret): boolean {
  return kind !== 'derived' && kind !== 'previous' && kind !== 'setting';
}

function refuseNames({ names, retire }: Request, { secrets, hasCertificate }: Material): void {
  const problems = names.flatMap((name): Problem[] => {
    if (name === CERTIFICATE || name === CERTIFICATE_AUTHORITY) {
      if (hasCertificate && !retire) return [];
      return [{ message: `${name}: only a certificate of the development CA is rotated here` }];
    }
    const secret = secrets.find(({ id }) => id === name);
    if (!secret) {
      const hint = suggestion(
        name,
        secrets.filter(isStored).map(({ id }) => id),
      );
      return [
        {
          message: `there is no secret called ${name} in this stack`,
          hint: hint ?? 'create-secure-stack status lists them',
        },
      ];
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
