import { resolve } from 'node:path';
import type { Problem } from '../errors.ts';
import type { RandomSource } from '../secrets/kinds.ts';
import { dependentsOf } from './files.ts';
import type { StackFolder } from './folder.ts';
import { type Journal, rotationJournalPath, saveRotation } from './journal.ts';
import { advance, type Effects, goOn, type Observer, resumed, turnedBack } from './machine.ts';
import type { RotationPlan } from './plan.ts';
import { stackEffects } from './stack-effects.ts';

export interface CarryOutInput {
  folder: StackFolder;
  now: Date;
  random: RandomSource;
  toolVersion: string;
  observe: Observer;
}

/**
 * Begins a rotation: writes the journal, then everything else. Call under the folder's lock, after `recover`, and after
 * `probed`.
 * @throws {UserError} when a step fails, with the journal left for `resume` or `rollBack`
 */
export async function begin(journal: Journal, input: CarryOutInput): Promise<void> {
  saveRotation(pathOf(input), journal, 'nothing was changed');
  await advance(journal, effectsOf(journal, input), input.observe);
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

/**
 * Logs in with the passwords that are to be replaced; changes nothing.
 * @returns those that their services refuse, because their data was set up with others, who uses them, and the plan's
 * journal with what sets that right
 */
export async function probed(plan: RotationPlan, input: CarryOutInput): Promise<RotationPlan> {
  const { journal } = plan;
  if (journal === undefined) return plan;
  const effects = effectsOf(journal, input);
  const refused: string[] = [];
  for (const { secret } of journal.credentials)
    if ((await effects.login(secret, 'before')) === 'refused') refused.push(secret);
  if (refused.length === 0) return plan;
  const { stack, env } = input.folder;
  const forgetful = stack.credentials.filter(
    ({ secret, keptIn }) => refused.includes(secret) && keptIn === 'files',
  );
  return {
    ...plan,
    locked: refused.map((id) => lockedProblem(id, input)),
    barred: dependentsOf(stack, env, { changes: journal.changes.filter(({ id }) => refused.includes(id)) }),
    journal: { ...journal, reread: [...new Set(forgetful.map(({ service }) => service))] },
  };
}

function lockedProblem(id: string, { folder: { stack } }: CarryOutInput): Problem {
  const { service, user, keptIn } = stack.credentials.find(({ secret }) => secret === id)!;
  const why =
    keptIn === 'files'
      ? 'it was started before its password file was written'
      : 'its data was set up with another one';
  return {
    message: `${id}: ${user} of ${service} does not accept the password in ${stack.secretStore.envFile}; ${why}`,
    hint: `--repair ${keptIn === 'files' ? `restarts ${service}, which makes it read the file, and sets a new one` : `sets a new one from inside the container of ${service}`}; nothing was changed yet`,
  };
}
