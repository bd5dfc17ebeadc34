import { resolve } from 'node:path';
import { CERTIFICATES } from '../certs/places.ts';
import type { ComposeProject } from '../engine/project.ts';
import { EXIT, UserError } from '../errors.ts';
import { type EnvFile, parseEnvFile } from '../secrets/env-parse.ts';
import type { RandomSource } from '../secrets/kinds.ts';
import { secretsRevisionVariable } from '../secrets/revisions.ts';
import type { Stack } from '../stack/model.ts';
import { applyPlan, planSecretFiles } from '../workspace/index.ts';
import { readOptional } from '../workspace/read.ts';
import { agesFile, agesPath, parseAges, updateAges } from './ages.ts';
import { Engines } from './engines.ts';
import { rotationFiles, secretStateOf, sideValues } from './files.ts';
import { clearRotation, type Journal, rotationJournalPath, saveRotation } from './journal.ts';
import type { Effects, FileState } from './machine.ts';
import { rolls } from './plan.ts';
import { type Expected, restartAnyhow, restartWorkload } from './restart.ts';
import { reloadEdge } from './served.ts';

export interface StackEffectsInput {
  /** Absolute. */
  root: string;
  stack: Stack;
  journal: Journal;
  project: ComposeProject;
  now: Date;
  random: RandomSource;
  toolVersion: string;
}

/** The steps of a rotation on the real stack. Call under the folder's lock, after `recover`. */
export function stackEffects(input: StackEffectsInput): Effects {
  const { root, stack, journal, project, random } = input;
  const path = rotationJournalPath(resolve(root, stack.secretStore.directory));
  const engines = new Engines({
    project,
    credentials: stack.credentials,
    values: (side) => {
      const values = sideValues(readEnv(root, stack).values, journal, side);
      return (id) => values.get(id);
    },
    random,
  });
  return {
    save: (state) => saveRotation(path, state),
    clear: () => clearRotation(path),
    reread: async (service) => {
      for (const { id } of await project.containers(service)) {
        await project.restart(id);
        await project.healthy(id, service);
      }
    },
    accept: (secret, side) => engines.accept(secret, side),
    login: (secret, side) => engines.login(secret, side),
    revoke: (secret, side) => engines.revoke(secret, side),
    endSessions: (secret, side) => engines.endSessions(secret, side),
    files: (state) => writeFiles(input, state),
    restart: async (workload, anyhow) => {
      const expected = expectedOf(input, workload);
      const rolling = rolls(journal, stack, stack.workloads.find(({ name }) => name === workload)!);
      if (anyhow || journal.unhealthy?.includes(workload))
        return restartAnyhow(project, expected, { rolling });
      await restartWorkload(project, expected, { rolling });
      return true;
    },
    reloadEdge: () => reloadEdge(project, stack, readOptional(resolve(root, CERTIFICATES.leaf))!),
    reencrypt: (workload) => reencrypt(input, workload),
  };
}

/** The env file as it is on disk. @throws {UserError} when it is missing or cannot be read */
export function readEnv(root: string, { secretStore: { envFile } }: Pick<Stack, 'secretStore'>): EnvFile {
  const text = readOptional(resolve(root, envFile));
  if (text === undefined)
    throw new UserError(
      { file: envFile, message: 'is missing', hint: 'restore it from a backup, or run create-secure-stack' },
      EXIT.refused,
    );
  return parseEnvFile(text, envFile);
}

async function writeFiles(input: StackEffectsInput, state: FileState): Promise<void> {
  const { root, stack, journal, now, random, toolVersion } = input;
  const env = readEnv(root, stack);
  const files = rotationFiles(stack, env, journal, state);
  // The ages go with the last write, which makes the values of one side the only ones.
  if (!state.overlap) {
    const path = agesPath(stack.secretStore);
    const known = readOptional(resolve(root, path));
    const { values } = secretStateOf(stack, env, journal, state);
    const ages = updateAges(known === undefined ? undefined : parseAges(known, path), {
      secrets: stack.secrets,
      values,
      now,
      random,
    });
    files.push(agesFile(ages, stack.secretStore));
  }
  await applyPlan(planSecretFiles(root, files), { toolVersion });
}

/** What a container of the workload has to see, by the files as they are on disk. */
function expectedOf({ root, stack, journal }: StackEffectsInput, name: string): Expected {
  const workload = stack.workloads.find((one) => one.name === name)!;
  const env = readEnv(root, stack);
  const content = (file: string): string | undefined =>
    readOptional(resolve(root, stack.secretStore.directory, file));
  return {
    workload: name,
    since: new Date(journal.started),
    ...(workload.secretMounts.length > 0 ? { revision: env.values.get(secretsRevisionVariable(name)) } : {}),
    variables: new Map(
      workload.secretVariables.map(({ variable, secret }) => [variable, env.values.get(secret)]),
    ),
    files: new Map(
      workload.secretMounts.flatMap(({ name: file }) => {
        const text = content(file);
        return text === undefined ? [] : [[`/run/secrets/${file}`, text] as const];
      }),
    ),
  };
}

/** Hours of work are normal for a large table; the command is the user's and has to be repeatable. */
const REENCRYPT_SECONDS = 24 * 3600;

async function reencrypt({ stack, project, journal }: StackEffectsInput, workload: string): Promise<void> {
  const ids = new Set(journal.changes.map(({ id }) => id));
  const commands = stack.secrets.flatMap(({ id, overlap }) => {
    const command = ids.has(id) ? overlap?.reencrypt[workload] : undefined;
    return command ? [command] : [];
  });
  const running = (await project.containers(workload)).find(({ status }) => status === 'running');
  if (!running) throw new UserError({ message: `${workload}: does not run` }, EXIT.failed);
  // Two keys of one app have the same command.
  for (const command of new Set(commands)) {
    const { code } = await project.exec(running.id, command, '', REENCRYPT_SECONDS);
    if (code !== 0)
      throw new UserError(
        {
          message: `${workload}: the command that encrypts the stored data anew ended with ${code}; both keys stay`,
          hint: 'see what it says by running it yourself, then rotate --resume',
        },
        EXIT.failed,
      );
  }
}
