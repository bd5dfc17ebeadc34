import type { Container } from '../engine/project.ts';
import { DockerMissing } from '../engine/run.ts';
import { EXIT, type Problem, UserError } from '../errors.ts';
import type { RandomSource } from '../secrets/kinds.ts';
import { certificateDue, certificateSchedule } from './certificates.ts';
import { dependentsOf } from './files.ts';
import { certificateFiles, newCertificate, type StackFolder } from './folder.ts';
import type { CertificateFiles } from './journal.ts';
import type { Situation } from './outcomes.ts';
import { outsiders } from './outsiders.ts';
import { planRotation, type RotationPlan } from './plan.ts';
import { type ScheduleEntry, scheduleOf } from './schedule.ts';
import { CERTIFICATE, CERTIFICATE_AUTHORITY, type Request, selectSecrets } from './select.ts';
import { unwellAmong } from './unwell.ts';

export interface ProposalInput {
  request: Request;
  offline: boolean;
  /** New values of third parties, by id. */
  supplied: Readonly<Record<string, string>>;
  /** Asks for those that are not supplied; absent where nobody can be asked. */
  ask?: (ids: readonly string[]) => Promise<Readonly<Record<string, string>>>;
  now: Date;
  random: RandomSource;
}

/** Every secret with its age, and the certificate as if it were one. */
export function folderSchedule(folder: StackFolder, now: Date): ScheduleEntry[] {
  const { stack, env, ages } = folder;
  const secrets = scheduleOf(stack, ages, now, env.values).map((entry) => {
    const before = env.values.get(entry.id);
    const clients =
      before === ''
        ? []
        : dependentsOf(stack, env, { changes: [{ id: entry.id, before, after: `${before}x` }] });
    return { ...entry, consumers: [...new Set([...entry.consumers, ...clients])] };
  });
  return [...secrets, ...certificateSchedule(folder, now)];
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
  const chosen = selectSecrets(request, {
    secrets: stack.secrets,
    schedule,
    certificateDue: certificateDue(folder, now),
    hasCertificate: certificate !== undefined,
  });
  const change =
    certificate && chosen.includes(CERTIFICATE)
      ? await certificateChange(folder, certificate, now)
      : undefined;
  // One that cannot issue cannot be rolled over either; the certificate says what helps.
  const ids = chosen.filter(
    (id) => id !== CERTIFICATE_AUTHORITY || change === undefined || 'after' in change,
  );
  const surplus = Object.keys(supplied).filter((id) => !ids.includes(id));
  if (surplus.length > 0)
    throw new UserError(
      surplus.map((id) => ({
        flag: `--secret-file ${id}`,
        message: 'is given a value and is not among what is rotated',
        hint: `name it too: rotate ${id}`,
      })),
    );
  const { containers, paused } = await runningContainers(folder, offline);
  const running = new Set(containers.map(({ service }) => service));
  const open = stack.secrets
    .filter(({ id, kind }) => kind === 'external' && ids.includes(id) && supplied[id] === undefined)
    .map(({ id }) => id);
  const situation: Situation = {
    stack,
    env,
    named: new Set(request.names),
    running,
    unwell: unwellAmong(containers),
    paused,
    overdue: new Set(schedule.filter(({ overdue }) => overdue).map(({ id }) => id)),
    volumes: offline ? await existingVolumes(folder) : new Set(),
    offline,
    emergency: request.emergency,
    supplied: { ...supplied, ...(await input.ask?.(open)) },
    ...(change ? { certificate: change } : {}),
    now,
    random,
  };
  const plan = planRotation(ids, situation);
  if (plan.journal) {
    const left = outsiders(containers, plan.journal, folder);
    const journal = { ...plan.journal, ...(left.length > 0 ? { outsiders: left } : {}) };
    return { ...plan, outsiders: left, journal };
  }
  return request.retire ? { ...plan, refused: [...plan.refused, ...notYet(schedule, now)] } : plan;
}

/** The replaced keys that are there, and why none of them is dropped unasked. */
function notYet(schedule: readonly ScheduleEntry[], now: Date): RotationPlan['refused'] {
  return schedule
    .filter(({ action }) => action === 'retire')
    .map(({ id, due }) => ({
      id,
      reason: due ? `due in ${Math.ceil((due.getTime() - now.getTime()) / 86_400_000)} d` : 'due at no date',
      hint: `rotate --retire ${id} drops it now`,
    }));
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

async function runningContainers(
  { project, stack }: StackFolder,
  offline: boolean,
): Promise<{ containers: Container[]; paused: Set<string> }> {
  const all = await project.containers().catch((error: unknown) => {
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
  const running = all.filter(({ status }) => status === 'running' || status === 'restarting');
  const paused = new Set(all.filter(({ status }) => status === 'paused').map(({ service }) => service));
  if (offline && running.length + paused.size > 0) {
    const names = new Set([...running.map(({ service }) => service), ...paused]);
    throw new UserError(
      { message: `${stack.name} runs (${[...names].sort().join(', ')})`, hint: 'leave out --offline' },
      EXIT.refused,
    );
  }
  if (!offline && running.length === 0) {
    throw new UserError(
      {
        message: `${stack.name} does not run, so its services cannot be told of new passwords`,
        hint: 'start it, or give --offline to change what can be changed in files',
      },
      EXIT.refused,
    );
  }
  return { containers: running, paused };
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
