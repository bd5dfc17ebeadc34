import {
  type FindVolumes,
  type Order,
  type Prepared,
  preview,
  volumeFinder,
} from '../cli/commands/create.ts';
import { applyEdits } from '../cli/complete.ts';
import { cancelled, type Output } from '../cli/output.ts';
import { EXIT, type ExitCode, UserError } from '../errors.ts';
import { checkKnownKey, knownKey } from '../secrets/known-keys.ts';
import { unwritable } from '../secrets/store.ts';
import { buildStack } from '../stack/build.ts';
import { newStackDocument } from '../stack/document.ts';
import { plainAnswers, readSpec, type StackDocument } from '../stack/load.ts';
import type { Secret } from '../stack/model.ts';
import { volumesAtStake } from '../stack/old-data.ts';
import { type Draft, questions } from '../stack/questions.ts';
import type { StackInput } from '../stack/schema.ts';
import { STACK_FILE } from '../stack/stack-file.ts';
import { type Plan, unifiedDiff } from '../workspace/index.ts';
import { askAgain, askMissing } from './ask.ts';
import { changesBetween } from './changes.ts';
import { reviewText } from './review.ts';
import { folderOf, type Session } from './session.ts';
import { askUntilSound, type Concern, changeOne, repair } from './steps.ts';
import type { WizardInput } from './wizard.ts';

/** Shows what the answers come to and changes them, until the user agrees or leaves. */
export async function agree(input: WizardInput, session: Session): Promise<Order | ExitCode> {
  const entered: Record<string, string> = {};
  const passed = new Set<string>();
  const findVolumes = rememberingAnswers(input.findVolumes ?? volumeFinder());
  for (;;) {
    const { order, prepared, plan } = await soundPreview(input, session, entered);
    if (await askSecrets(session, prepared, entered)) continue;
    if (
      !input.force &&
      (await askOldData(session, prepared, { passed, findVolumes, isNew: !input.given.source }))
    )
      continue;
    const stack = { ...prepared.stack, warnings: [...prepared.consequences, ...prepared.stack.warnings] };
    const review = { stack, plan, folder: order.folder, secrets: prepared.secrets };
    session.prompter.say(reviewText(review, input.output.width));
    switch (await askConsent(session, plan)) {
      case 'write':
        return {
          ...order,
          force: input.force || passed.size > 0,
          stagingAnswered: session.answered.has('tls-staging'),
        };
      case 'change':
        await changeOne(session);
        break;
      case 'diff':
        await showDiff(session, input.output, plan);
        break;
      case 'leave':
        if (!plan.changes) return EXIT.ok;
        throw cancelled();
    }
  }
}

/** The unified diff of a plan; secrets by path only. */
export async function showDiff(session: Session, output: Output, plan: Plan): Promise<void> {
  const colour = output.style('red', 'x') !== 'x';
  session.prompter.say((await unifiedDiff(plan, { colour })) || 'Nothing would change.');
}

/** The answers of the session as stack.yaml; of an existing one only what has changed is touched. */
export function documentOf({ given }: Pick<WizardInput, 'given'>, { draft }: Session): StackDocument {
  if (given.source === undefined) return newStackDocument(draft as StackInput, STACK_FILE);
  return applyEdits(given.source, changesBetween(answersOf(given.source), draft));
}

function answersOf(source: StackDocument): Draft {
  return plainAnswers(source) as Draft;
}

function askConsent({ prompter }: Session, plan: Plan): Promise<'write' | 'change' | 'diff' | 'leave'> {
  const change = { value: 'change', name: 'change an answer' } as const;
  return prompter.choose({
    message: plan.changes ? 'Write this?' : 'Nothing would change.',
    choices: plan.changes
      ? [
          { value: 'write', name: 'yes, write it' },
          change,
          { value: 'diff', name: 'show the text first, as a diff' },
          { value: 'leave', name: 'cancel, write nothing' },
        ]
      : [{ value: 'leave', name: 'leave it as it is' }, change],
  });
}

/** What writing would do; while the answers do not allow to tell, they are asked again. */
async function soundPreview(
  input: WizardInput,
  session: Session,
  entered: Readonly<Record<string, string>>,
): Promise<{ order: Order; prepared: Prepared; plan: Plan }> {
  for (;;) {
    await askMissing(session);
    await askUntilSound(session);
    try {
      const source = documentOf(input, session);
      const { secrets } = buildStack(readSpec(source));
      // What was entered for an app that is gone by now goes with it.
      const values = Object.entries(entered).filter(
        ([id, value]) => value !== '' && secrets.some((secret) => secret.id === id),
      );
      const supplied = { ...input.supplied, ...Object.fromEntries(values) };
      const order = { folder: folderOf(session), source, answersRead: input.given.onDisk, supplied };
      return { order, ...(await preview(order)) };
    } catch (error) {
      const concerns = error instanceof UserError ? concernsOf(error, session) : [];
      if (concerns.length === 0) throw error;
      await repair(session, concerns);
    }
  }
}

/** Hidden prompts for the values only the user has. @returns whether anything was asked */
async function askSecrets(
  { prompter }: Session,
  { stack, secrets }: Prepared,
  entered: Record<string, string>,
): Promise<boolean> {
  const open = secrets.missing.filter((id) => entered[id] === undefined);
  const secretOf = (id: string): Secret => stack.secrets.find((secret) => secret.id === id)!;
  for (const id of open) {
    const known = knownKey(id);
    entered[id] = await prompter.secret({
      message: `${id} (hidden; empty: later)`,
      ...(known?.url ? { about: `${known.title}, from ${known.url}` } : {}),
      validate: (value) => (value === '' ? undefined : secretProblem(secretOf(id), value)),
    });
    if (entered[id] === '') prompter.say(`${id}: fill it in later, in ${stack.secretStore.envFile}.`);
  }
  return open.length > 0;
}

/**
 * Data of an earlier stack of this name, which knows other passwords than those about to be made.
 * @param passed volumes the user wants to go on with; added to
 * @returns whether an answer has changed
 */
async function askOldData(
  session: Session,
  { stack, secrets, hasEnv }: Prepared,
  { passed, findVolumes, isNew }: { passed: Set<string>; findVolumes: FindVolumes; isNew: boolean },
): Promise<boolean> {
  const { prompter } = session;
  const atStake = volumesAtStake(stack, secrets).filter((volume) => !passed.has(volume));
  const volumes = await findVolumes(atStake);
  // Asked once more, and told, when it is written.
  if (volumes === 'unknown' || volumes.length === 0) return false;
  const list = volumes.join(' ');
  const { envFile } = stack.secretStore;
  prompter.say(
    `Docker has data of an earlier stack called ${stack.name}, in ${list}. It opens with its own passwords only, and ${envFile} ${hasEnv ? 'does not have them' : 'is not here'}.`,
  );
  const next = await prompter.choose({
    message: 'New passwords would not fit it. What now?',
    choices: [
      {
        value: 'stop',
        name: `stop, to ${hasEnv ? `put them into ${envFile}` : `bring ${envFile} back`} or remove the data`,
      },
      ...(isNew ? [{ value: 'name' as const, name: 'another name: that data stays as it is' }] : []),
      {
        value: 'go on',
        name: 'go on: new passwords; once it runs, one more command sets them there',
      },
    ],
  });
  if (next === 'stop') {
    prompter.say(`To remove that data for good: docker volume rm ${list}`);
    throw cancelled();
  }
  if (next === 'name') await askAgain(session, questions.find(({ flag }) => flag === 'name')!);
  else for (const volume of volumes) passed.add(volume);
  return next === 'name';
}

/** Docker takes its time, and is asked before each review. */
function rememberingAnswers(find: FindVolumes): FindVolumes {
  const answers = new Map<string, ReturnType<FindVolumes>>();
  return (names) => {
    const key = names.join(' ');
    const answer = answers.get(key) ?? find(names);
    answers.set(key, answer);
    return answer;
  };
}

/** What would be refused in the end is refused at the prompt. */
function secretProblem(secret: Secret, value: string): string | undefined {
  return unwritable(secret, value) ?? checkKnownKey(secret.id, value);
}

/** Problems of the whole that have a place among the answers; those of certificate files by the file's name. */
function concernsOf({ problems }: UserError, { draft }: Session): Concern[] {
  return problems.flatMap(({ path, file, message, hint }) => {
    const byFile = (['certificate', 'key'] as const).find(
      (key) => file !== undefined && draft.tls?.[key] === file,
    );
    const place = path ?? (byFile && `tls.${byFile}`);
    return place === undefined ? [] : [{ place, text: hint ? `${message} (${hint})` : message }];
  });
}
