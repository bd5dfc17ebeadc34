import type { Credential } from '../catalog/rotation.ts';
import type { EnvFile } from '../secrets/env-parse.ts';
import { checkSecretFormat, generateSecret, type RandomSource } from '../secrets/kinds.ts';
import { checkKnownKey, knownKey } from '../secrets/known-keys.ts';
import type { Secret, Stack } from '../stack/model.ts';
import { certificateOutcome } from './certificates.ts';
import { dependentsOf } from './files.ts';
import type { CertificateFiles, Change } from './journal.ts';
import { CERTIFICATE, CERTIFICATE_AUTHORITY, type RotationClass } from './select.ts';

/** What is known of the stack before a rotation. */
export interface Situation {
  stack: Stack;
  env: EnvFile;
  /** Ids that were asked for by name, not as part of a group. */
  named: ReadonlySet<string>;
  /** Services with a running container. */
  running: ReadonlySet<string>;
  /** Those of them of which no container does its work. */
  unwell: ReadonlySet<string>;
  /** Services that are paused. */
  paused: ReadonlySet<string>;
  /** Ids that are due by the schedule. */
  overdue: ReadonlySet<string>;
  /** Volumes that exist, which means that their service has set up its data. */
  volumes: ReadonlySet<string>;
  /** Nothing runs: files change, and services that keep a password in their data are left alone. */
  offline: boolean;
  emergency: boolean;
  /** Values of third parties, by id. */
  supplied: Readonly<Record<string, string>>;
  /** The development certificate: the new one, or why there can be none. */
  certificate?: { before: CertificateFiles; after: CertificateFiles } | Omit<Refused, 'id'>;
  now: Date;
  random: RandomSource;
}

/** One secret of the plan and what happens to it, in words. Never holds a value. */
export interface PlannedSecret {
  id: string;
  class: RotationClass;
  /** What the rotation does. */
  procedure: string;
  /** Sessions and tokens of the app end: it knows only one key, or the replaced one goes before it is due. */
  endsSessions: boolean;
  /** What signed them, where it is another one. */
  signedWith?: string;
  /** What is left for the user to do. */
  todo?: string;
}

export interface Refused {
  id: string;
  reason: string;
  hint?: string;
}

/** What a rotation does to one secret. */
export interface Outcome {
  planned: PlannedSecret;
  changes: Change[];
  credential?: Credential;
  reencrypt?: readonly string[];
  /** Workloads whose password ends before they have the new one. */
  lockedOut?: readonly string[];
}

/** Decides what becomes of one secret, or says why nothing can. */
export function outcomeOf(id: string, situation: Situation): Outcome | Refused {
  if (id === CERTIFICATE) return certificateOutcome(situation);
  if (id === CERTIFICATE_AUTHORITY)
    return {
      id,
      reason: 'the development CA stays, until devices trust the next one beside it',
      hint: 'create-secure-stack cert renew --ca, and cert renew --ca --finish when they do',
    };
  const { stack, env, supplied, random } = situation;
  const secret = stack.secrets.find((one) => one.id === id)!;
  if (secret.kind === 'previous') return retired(secret, situation);
  const before = env.values.get(id);
  const after = secret.kind === 'external' ? (supplied[id] ?? '') : generateSecret(secret.kind, random);
  const problem = secret.kind === 'external' ? suppliedProblem(secret, before, after) : undefined;
  if (problem) return problem;
  const change = { id, before, after };
  switch (secret.class) {
    case 'engine':
    case 'bootstrap':
      return engineOutcome(secret, change, situation);
    case 'signing':
      return signingOutcome(secret, change, situation);
    case 'encryption':
      return encryptionOutcome(secret, change, situation);
    case 'external':
      return {
        planned: {
          id,
          class: 'external',
          procedure: 'the new value takes the place of the old one',
          endsSessions: false,
          ...todo(secret),
        },
        changes: [change],
      };
  }
}

function suppliedProblem({ id, kind }: Secret, before: string, after: string): Refused | undefined {
  if (after === '') {
    const url = knownKey(id)?.url;
    return {
      id,
      reason: 'only its issuer can make a new value',
      hint: `get one${url ? ` at ${url}` : ''}, then give it with --secret-file ${id}=FILE`,
    };
  }
  if (after === before) return { id, reason: 'the value given is the present one' };
  const message = checkSecretFormat(kind, after) ?? checkKnownKey(id, after);
  return message ? { id, reason: `the value given ${message}` } : undefined;
}

function engineOutcome(
  { id, class: name }: Secret,
  change: Change,
  { stack, env, running, paused, volumes, offline, emergency }: Situation,
): Outcome | Refused {
  const credential = stack.credentials.find((one) => one.secret === id);
  if (!credential) return { id, reason: 'no service in this stack says how to change it' };
  const { service, user, keptIn, overlap } = credential;
  const values = (one: string): string => env.values.get(one);
  const companions = Object.entries(credential.companions?.(values) ?? {});
  const changes = [change, ...companions.map(([one, after]) => ({ id: one, before: values(one), after }))];
  const moves = companions.map(([one, after]) => `, ${values(one)} → ${after}`).join('');
  const planned = (procedure: string): PlannedSecret => ({
    id,
    class: name,
    procedure: `${user} of ${service}${moves}; ${procedure}`,
    endsSessions: false,
  });
  if (running.has(service)) {
    const clients = dependentsOf(stack, env, { changes }).filter((name) => name !== service);
    return {
      planned: planned(howItChanges(clients, { overlap, emergency })),
      changes,
      credential,
      ...(overlap && !emergency ? {} : { lockedOut: clients }),
    };
  }
  if (paused.has(service))
    return { id, reason: `${service} is paused`, hint: `docker compose unpause ${service}` };
  if (!offline)
    return { id, reason: `${service} does not run`, hint: `docker compose up -d --wait ${service}` };
  if (keptIn !== 'files' && volumes.has(keptIn.volume)) {
    return {
      id,
      reason: `${service} keeps it in its data and changes it only while it runs`,
      hint: `docker compose up -d --wait ${service}, then rotate without --offline`,
    };
  }
  return { planned: planned(`read when ${service} starts`), changes };
}

function howItChanges(
  clients: readonly string[],
  { overlap, emergency }: { overlap: boolean; emergency: boolean },
): string {
  if (clients.length === 0) return 'no container logs in with it, so nothing is interrupted';
  const list = clients.join(' and ');
  return overlap && !emergency
    ? `both passwords work until ${list} ${clients.length > 1 ? 'have' : 'has'} the new one, then the old one ends`
    : `${emergency ? 'the old password ends first' : 'it has one password at a time'}: new connections of ${list} are refused from the change until ${clients.length > 1 ? 'each' : 'it'} has the new one`;
}

function signingOutcome(
  { id, overlap }: Secret,
  change: Change,
  { env, overdue, emergency }: Situation,
): Outcome | Refused {
  const planned = (procedure: string, endsSessions: boolean): PlannedSecret => ({
    id,
    class: 'signing',
    procedure,
    endsSessions,
  });
  if (overlap === undefined)
    return {
      planned: planned('whoever uses the old value needs the new one at once', false),
      changes: [change],
    };
  if (overlap.previous === undefined)
    return {
      planned: planned('the app knows one key only: every session and token ends', true),
      changes: [change],
    };
  const older = env.values.get(overlap.previous);
  const keep = emergency ? '' : change.before;
  const early = older !== '' && !overdue.has(overlap.previous);
  const pushedOut = early ? { signedWith: overlap.previous } : {};
  return {
    planned: emergency
      ? planned('every session and token ends', true)
      : {
          ...pushedOut,
          ...planned(
            `the new key signs; the replaced one is accepted for ${overlap.hours} h more, from ${overlap.previous}${older ? `; the one before that ends now${early ? ', with every session and token it signed' : ''}` : ''}`,
            early,
          ),
        },
    changes: [change, { id: overlap.previous, before: older, after: keep, back: change.after }],
  };
}

function encryptionOutcome(
  secret: Secret,
  change: Change,
  { env, named, emergency, running, offline }: Situation,
): Outcome | Refused {
  const { id, overlap } = secret;
  if (emergency)
    return { id, reason: 'a key of stored data is never replaced in an emergency: the data would be lost' };
  if (overlap?.previous === undefined) {
    return {
      id,
      reason: 'it encrypts stored data, which a new key alone could not read',
      hint: 'let the app read NAME_PREVIOUS too, then set "overlap: true" on the secret in stack.yaml',
    };
  }
  if (!named.has(id))
    return { id, reason: 'a key of stored data is rotated only by its name', hint: `rotate ${id}` };
  const older = env.values.get(overlap.previous);
  const commands = Object.keys(overlap.reencrypt);
  const stopped = commands.filter((name) => !running.has(name));
  if (stopped.length > 0)
    return {
      id,
      reason: `${stopped.join(', ')} must run, to encrypt the stored data anew`,
      hint: offline
        ? 'start the stack, then rotate without --offline'
        : `docker compose up -d --wait ${stopped.join(' ')}`,
    };
  return {
    planned: {
      id,
      class: 'encryption',
      procedure: `the new key encrypts; the old ones still decrypt, from ${overlap.previous}${commands.length > 0 ? `; then ${commands.join(' and ')} encrypts the stored data anew` : ''}`,
      endsSessions: false,
      ...todo(secret),
    },
    changes: [
      change,
      {
        id: overlap.previous,
        before: older,
        after: [change.before, older].filter(Boolean).join(','),
        back: [change.after, older].filter(Boolean).join(','),
      },
    ],
    reencrypt: commands,
  };
}

function retired({ id, class: name }: Secret, { env, overdue }: Situation): Outcome {
  return {
    planned: {
      id,
      class: name,
      procedure:
        name === 'encryption'
          ? 'the old keys go: what is still encrypted under one of them can no longer be read'
          : 'the replaced key goes: what it signed is refused from now on',
      endsSessions: name === 'signing' && !overdue.has(id),
    },
    changes: [{ id, before: env.values.get(id), after: '' }],
  };
}

/** What a rotation of the secret leaves for the user to do; undefined when nothing. */
export function todoOf({ id, class: name, kind }: Pick<Secret, 'id' | 'class' | 'kind'>): string | undefined {
  if (kind === 'previous') return undefined;
  if (name === 'encryption')
    return `${id}: when nothing is encrypted under an old key any more, rotate --retire ${id}`;
  if (name !== 'external') return undefined;
  const url = knownKey(id)?.url;
  return `${id}: revoke the old value where it was issued${url ? `: ${url}` : ''}`;
}

function todo(secret: Secret): Pick<PlannedSecret, 'todo'> {
  const text = todoOf(secret);
  return text === undefined ? {} : { todo: text };
}
