import { UserError } from '../../errors.ts';
import type { RotationPlan } from '../../rotation/plan.ts';
import { folderSchedule } from '../../rotation/propose.ts';
import type { Request } from '../../rotation/select.ts';
import { checkSecretFormat } from '../../secrets/kinds.ts';
import { checkKnownKey, knownKey } from '../../secrets/known-keys.ts';
import type { Prompter } from '../../wizard/prompter.ts';
import { cancelled } from '../output.ts';
import { scheduleRows } from '../rotation-report.ts';
import type { Session } from './rotate.ts';

/** Shows every secret and lets the user choose; what is due is proposed. */
export async function askRequest({ folder, now }: Session, prompter: Prompter): Promise<string[]> {
  const entries = folderSchedule(folder, now).filter(({ action }) => action === 'rotate');
  const { titles, rows } = scheduleRows(entries, now);
  const names = await prompter.pick({
    message: `Which secrets shall be replaced? (${titles.slice(1).join(', ')})`,
    choices: entries.map(({ id }, index) => ({ value: id, name: rows[index]!, short: id })),
    picked: entries.filter(({ overdue }) => overdue).map(({ id }) => id),
  });
  if (names.length === 0) throw cancelled();
  return names;
}

/** Asks for the new values of third parties among the chosen names; they are never shown. */
export async function askSupplied(
  { folder: { stack } }: Session,
  prompter: Prompter,
  { names }: Pick<Request, 'names'>,
  supplied: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  const asked: Record<string, string> = {};
  for (const { id, kind } of stack.secrets) {
    if (kind !== 'external' || !names.includes(id) || supplied[id] !== undefined) continue;
    const url = knownKey(id)?.url;
    asked[id] = await prompter.secret({
      message: `New value of ${id}${url ? ` (make one at ${url})` : ''}:`,
      validate: (value) =>
        value === '' ? 'needs a value' : (checkSecretFormat(kind, value) ?? checkKnownKey(id, value)),
    });
  }
  return asked;
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
