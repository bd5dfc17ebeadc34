import { resolve } from 'node:path';
import { EXIT, type Problem, UserError } from '../errors.ts';
import type { RandomSource } from '../secrets/kinds.ts';
import type { StackFolder } from './folder.ts';
import { type Journal, rotationJournalPath, saveRotation } from './journal.ts';
import { advance, type Effects, goOn, type Observer, resumed, turnedBack } from './machine.ts';
import { stackEffects } from './stack-effects.ts';

export interface CarryOutInput {
  folder: StackFolder;
  now: Date;
  random: RandomSource;
  toolVersion: string;
  observe: Observer;
}

/**
 * Begins a rotation: makes sure that the services accept what `.env` has, then writes the journal, then everything else.
 * Call under the folder's lock, after `recover`.
 * @param mayRepair whether to set the new password although the present one is not accepted, for the reasons given
 * @throws {UserError} before anything is changed when a password of `.env` is not accepted; later, with the journal
 * left for `resume` or `rollBack`, when a step fails
 */
export async function begin(
  journal: Journal,
  input: CarryOutInput,
  mayRepair: (problems: readonly Problem[]) => Promise<boolean>,
): Promise<void> {
  const effects = effectsOf(journal, input);
  const locked = await lockedOut(journal, effects);
  const problems = locked.map((id) => lockedProblem(id, input));
  if (problems.length > 0 && !(await mayRepair(problems))) throw new UserError(problems, EXIT.refused);
  await restartForgetful(locked, input);
  saveRotation(pathOf(input), journal, 'nothing was changed');
  await advance(journal, effects, input.observe);
}

/** Finishes an interrupted rotation in the direction it had. */
export async function resume(journal: Journal, input: CarryOutInput): Promise<void> {
  await goOn(journal, effectsOf(journal, input), input.observe);
}

/** Brings the old values back. Ask `canRollBack` first. */
export async function rollBack(journal: Journal, input: CarryOutInput): Promise<void> {
  const back = turnedBack(journal);
  saveRotation(pathOf(input), back);
  await resume(back, input);
}

/** The journal that the way on or back goes by. Logs in to see what the services know by now; changes nothing. */
export async function stepsAhead(
  journal: Journal,
  way: 'resume' | 'rollback',
  input: CarryOutInput,
): Promise<Journal> {
  const turned = way === 'rollback' ? turnedBack(journal) : journal;
  return resumed(turned, effectsOf(turned, input));
}

function effectsOf(journal: Journal, { folder, now, random, toolVersion }: CarryOutInput): Effects {
  const { root, stack, project } = folder;
  return stackEffects({ root, stack, project, journal, now, random, toolVersion });
}

function pathOf({ folder: { root, stack } }: CarryOutInput): string {
  return rotationJournalPath(resolve(root, stack.secretStore.directory));
}

/** Credentials whose password in `.env` the service refuses: its data was set up with another one. */
async function lockedOut({ credentials }: Journal, effects: Effects): Promise<string[]> {
  const refused: string[] = [];
  for (const { secret } of credentials) {
    if ((await effects.login(secret, 'before')) === 'refused') refused.push(secret);
  }
  return refused;
}

function lockedProblem(id: string, { folder: { stack } }: CarryOutInput): Problem {
  const { service, user, keptIn } = stack.credentials.find(({ secret }) => secret === id)!;
  const why =
    keptIn === 'files'
      ? 'it was started before its password file was written'
      : 'its data was set up with another one';
  return {
    message: `${id}: ${user} of ${service} does not accept the password in ${stack.secretStore.envFile}; ${why}`,
    hint: `--repair sets a new one from inside the container of ${service}; nothing was changed yet`,
  };
}

/** A service that reads its passwords when it starts learns those on disk by a restart. */
async function restartForgetful(
  locked: readonly string[],
  { folder: { stack, project } }: CarryOutInput,
): Promise<void> {
  const services = stack.credentials
    .filter(({ secret, keptIn }) => locked.includes(secret) && keptIn === 'files')
    .map(({ service }) => service);
  for (const service of new Set(services)) {
    for (const { id } of await project.containers(service)) {
      await project.restart(id);
      await project.healthy(id, service);
    }
  }
}
