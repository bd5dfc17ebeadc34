import { resolve } from 'node:path';
import { renewalReason } from '../certs/inspect.ts';
import { CERTIFICATES } from '../certs/places.ts';
import { certificateEntries } from '../certs/report.ts';
import { DockerMissing } from '../engine/run.ts';
import { EXIT, type Problem, UserError } from '../errors.ts';
import type { RandomSource } from '../secrets/kinds.ts';
import { readOptional } from '../workspace/read.ts';
import { dependentsOf } from './files.ts';
import { certificateFiles, newCertificate, type StackFolder } from './folder.ts';
import type { CertificateFiles } from './journal.ts';
import type { Situation } from './outcomes.ts';
import { planRotation, type RotationPlan } from './plan.ts';
import { type ScheduleEntry, scheduleOf } from './schedule.ts';
import { CERTIFICATE, type Request, selectSecrets } from './select.ts';

export interface ProposalInput {
  request: Request;
  offline: boolean;
  /** New values of third parties, by id. */
  supplied: Readonly<Record<string, string>>;
  now: Date;
  random: RandomSource;
}

/** Every secret with its age, and the certificate as if it were one. */
export function folderSchedule(folder: StackFolder, now: Date): ScheduleEntry[] {
  const { stack, env, ages } = folder;
  const secrets = scheduleOf(stack, ages, now).map((entry) => {
    const before = env.values.get(entry.id);
    const clients =
      before === ''
        ? []
        : dependentsOf(stack, env, { changes: [{ id: entry.id, before, after: `${before}x` }] });
    return { ...entry, consumers: [...new Set([...entry.consumers, ...clients])] };
  });
  return [...secrets, ...certificateEntry(folder, now)];
}

/** A certificate is due when a third of its life is left, whoever issued it; those of ACME renew themselves. */
function certificateEntry(folder: StackFolder, now: Date): ScheduleEntry[] {
  const { root, stack } = folder;
  const { mode } = stack.edge.tls;
  const leaf = certificateEntries(mode, (path) => readOptional(resolve(root, path)), now).find(
    ({ file }) => file === CERTIFICATES.leaf,
  );
  if (mode === 'acme' || leaf === undefined || leaf.state === 'missing') return [];
  const { notBefore: since, notAfter } = leaf.certificate ?? { notBefore: undefined, notAfter: now };
  // One that cannot be read is due at once.
  const due = since ? new Date(notAfter.getTime() - (notAfter.getTime() - since.getTime()) / 3) : now;
  const overdue = due <= now || certificateDue(folder, now) !== undefined;
  return [
    {
      id: CERTIFICATE,
      class: 'certificate',
      kind: 'certificate',
      consumers: ['edge'],
      ...(since ? { since } : {}),
      due,
      overdue,
      action: 'rotate',
    },
  ];
}

/**
 * Looks at what runs and decides what a rotation would do; changes nothing.
 * @throws {UserError} for a request that cannot be, or when the stack does not run and `offline` is not given
 */
export async function proposeRotation(folder: StackFolder, input: ProposalInput): Promise<RotationPlan> {
  const { request, offline, supplied, now, random } = input;
  const { stack, env } = folder;
  const schedule = folderSchedule(folder, now);
  const certificate = certificateFiles(folder);
  const ids = selectSecrets(request, {
    secrets: stack.secrets,
    schedule,
    certificateDue: certificateDue(folder, now),
    hasCertificate: certificate !== undefined,
  });
  const surplus = Object.keys(supplied).filter((id) => !ids.includes(id));
  if (surplus.length > 0)
    throw new UserError(
      surplus.map((id) => ({
        flag: `--secret-file ${id}`,
        message: 'is given a value and is not among what is rotated',
        hint: `name it too: rotate ${id}`,
      })),
    );
  const running = await runningServices(folder, offline);
  const situation: Situation = {
    stack,
    env,
    named: new Set(request.names),
    running,
    volumes: offline ? await existingVolumes(folder) : new Set(),
    offline,
    emergency: request.emergency,
    supplied,
    ...(certificate && ids.includes(CERTIFICATE)
      ? { certificate: await certificateChange(folder, certificate, now) }
      : {}),
    now,
    random,
  };
  return planRotation(ids, situation);
}

/** The present certificate and the one that is to take its place. */
async function certificateChange(
  folder: StackFolder,
  before: CertificateFiles,
  now: Date,
): Promise<Situation['certificate'] & {}> {
  try {
    return { before, after: await newCertificate(folder, now) };
  } catch (error) {
    // The passwords beside it can be rotated all the same.
    if (!(error instanceof UserError)) throw error;
    const [{ message, hint }] = error.problems as [Problem];
    return { reason: message, ...(hint === undefined ? {} : { hint }) };
  }
}

async function runningServices({ project, stack }: StackFolder, offline: boolean): Promise<Set<string>> {
  const containers = await project.containers().catch((error: unknown) => {
    // Without Docker nothing of the stack runs here; an engine that gives no answer may well run it.
    if (offline && error instanceof DockerMissing) return [];
    if (offline && error instanceof UserError)
      throw new UserError(
        {
          message: `nobody can tell whether ${stack.name} runs: ${error.message}`,
          hint: '--offline needs an answer from Docker, or a machine without it',
        },
        EXIT.refused,
      );
    throw error;
  });
  const running = new Set(
    containers
      .filter(({ status }) => status === 'running' || status === 'restarting')
      .map(({ service }) => service),
  );
  if (offline && running.size > 0) {
    throw new UserError(
      { message: `${stack.name} runs (${[...running].sort().join(', ')})`, hint: 'leave out --offline' },
      EXIT.refused,
    );
  }
  if (!offline && running.size === 0) {
    throw new UserError(
      {
        message: `${stack.name} does not run, so its services cannot be told of new passwords`,
        hint: 'start it, or give --offline to change what can be changed in files',
      },
      EXIT.refused,
    );
  }
  return running;
}

/** Volumes with the data of services; without Docker to ask, all that there could be. */
async function existingVolumes({ stack, project }: StackFolder): Promise<Set<string>> {
  const names = stack.credentials.flatMap(({ keptIn }) => (keptIn === 'files' ? [] : [keptIn.volume]));
  const found = await Promise.all(
    [...new Set(names)].map(async (name) => {
      const exists = await project.hasVolume(name).catch((error: unknown) => {
        if (error instanceof DockerMissing) return true;
        throw error;
      });
      return exists ? [name] : [];
    }),
  );
  return new Set(found.flat());
}

function certificateDue(folder: StackFolder, now: Date): string | undefined {
  const files = certificateFiles(folder);
  if (files === undefined) return undefined;
  const authorityPem = readOptional(resolve(folder.root, CERTIFICATES.authority)) ?? '';
  return renewalReason({
    certificatePem: files[CERTIFICATES.leaf]!,
    keyPem: files[CERTIFICATES.leafKey]!,
    authorityPem,
    names: folder.stack.domains,
    now,
  });
}
