import { UserError } from '../../errors.ts';
import type { Journal } from '../../rotation/journal.ts';
import { canRollBack } from '../../rotation/machine.ts';
import type { RotationPlan } from '../../rotation/plan.ts';
import { folderSchedule } from '../../rotation/propose.ts';
import type { Request } from '../../rotation/select.ts';
import { checkSecretFormat } from '../../secrets/kinds.ts';
import { checkKnownKey, knownKey } from '../../secrets/known-keys.ts';
import type { Prompter } from '../../wizard/prompter.ts';
import { cancelled } from '../output.ts';
import { scheduleRows } from '../rotation-report.ts';
import type { Session } from './rotate.ts';

/** Shows every secret and replaced key and lets the user choose; what is due is proposed. */
export async function askRequest(
  { folder, now }: Session,
  prompter: Prompter,
): Promise<Required<Pick<Request, 'names' | 'drop'>>> {
  const entries = folderSchedule(folder, now).filter(
    ({ action }) => action === 'rotate' || action === 'retire',
  );
  const { titles, rows } = scheduleRows(entries, now);
  const chosen = await prompter.pick({
    message: `Which secrets shall be replaced? (${titles.slice(1).join(', ')})`,
    choices: entries.map(({ id }, index) => ({ value: id, name: rows[index]!, short: id })),
    picked: entries.filter(({ overdue }) => overdue).map(({ id }) => id),
  });
  if (chosen.length === 0) throw cancelled();
  const ids = (wanted: string) =>
    entries.filter(({ id, action }) => action === wanted && chosen.includes(id)).map(({ id }) => id);
  return { names: ids('rotate'), drop: ids('retire') };
}

/** Asks for the new values of third parties; they are never shown. Those left out are not among the result. */
export async function askSupplied(
  ids: readonly string[],
  prompter: Prompter,
): Promise<Record<string, string>> {
  const asked: Record<string, string> = {};
  for (const id of ids) {
    const url = knownKey(id)?.url;
    const value = await prompter.secret({
      message: `New value of ${id}, or Enter to leave it as it is:`,
      ...(url ? { about: `make one at ${url}` } : {}),
      validate: (text) =>
        text === '' ? undefined : (checkSecretFormat('external', text) ?? checkKnownKey(id, text)),
    });
    if (value !== '') asked[id] = value;
  }
  return asked;
}

/** What shall become of a rotation that was interrupted. */
export function askWay(journal: Journal, prompter: Prompter): Promise<'resume' | 'rollback' | 'leave'> {
  return prompter.choose({
    message: 'What shall be done with it?',
    choices: [
      { value: 'resume', name: 'finish it' },
      ...(journal.direction === 'forward' && canRollBack(journal)
        ? [{ value: 'rollback' as const, name: 'bring the old values back' }]
        : []),
      { value: 'leave', name: 'leave it as it is' },
    ],
  });
}

/** Whether passwords that a service does not accept may be set from inside its container. */
export async function mayRepair({ invocation: { args }, prompter }: Session): Promise<boolean> {
  if (args.switches.has('repair')) return true;
  if (!prompter) return false;
  const answer = await prompter.choose({
    message: 'Set the new passwords from inside the containers, without the present ones?',
    choices: [
      { value: 'no', name: 'no, leave everything as it is' },
      { value: 'yes', name: 'yes, set them' },
    ],
  });
  return answer === 'yes';
}

/**
 * Lets the user agree to what ends sessions, and to the plan as a whole.
 * @throws {UserError} when nobody can be asked and the flags do not say it
 */
export async function agreed(
  { secrets }: RotationPlan,
  { invocation: { args }, prompter }: Session,
): Promise<void> {
  if (!prompter && !args.switches.has('yes'))
    throw new UserError({ message: 'nobody can be asked whether to go on', hint: 'agree with --yes' });
  const ending = secrets
    .filter(({ endsSessions }) => endsSessions)
    .map(({ id, signedWith = id }) => signedWith);
  const mayEnd = args.switches.has('accept-logout') || args.switches.has('emergency');
  if (prompter) {
    const answer = await prompter.choose({
      message:
        ending.length > 0 && !mayEnd
          ? `Go on? Every session signed with ${ending.join(', ')} ends.`
          : 'Go on?',
      choices: [
        { value: 'no', name: 'no, leave everything as it is' },
        { value: 'yes', name: 'yes, rotate' },
      ],
    });
    if (answer === 'no') throw cancelled();
  } else if (ending.length > 0 && !mayEnd) {
    throw new UserError({
      message: `sessions signed with ${ending.join(', ')} would end`,
      hint: `agree with --accept-logout; ${secrets.some(({ endsSessions, signedWith, id }) => endsSessions && !signedWith && !id.endsWith('_PREVIOUS')) ? 'or let the app accept NAME_PREVIOUS too and remove "overlap: false" in stack.yaml' : 'or wait until status says that they are due'}`,
    });
  }
}
