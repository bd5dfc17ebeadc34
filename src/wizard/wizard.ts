import type { Given } from '../cli/answers.ts';
import type { FindVolumes, Order } from '../cli/commands/create.ts';
import { withEdits } from '../cli/edits.ts';
import type { Output } from '../cli/output.ts';
import { version } from '../cli/version.ts';
import { EXIT, type ExitCode, UserError } from '../errors.ts';
import { dotted } from '../stack/answer-problem.ts';
import { type Draft, type Question, questions } from '../stack/questions.ts';
import { askMissing } from './ask.ts';
import { nameProblem, refuseForeign } from './folder.ts';
import { type Prompter, terminalPrompter } from './prompter.ts';
import type { Session } from './session.ts';

export interface WizardInput {
  given: Given;
  /** Values of external secrets from files, by variable of `.env`. */
  supplied: Readonly<Record<string, string>>;
  output: Output;
  /** New passwords are wanted, though data was made with others. */
  force?: boolean;
  /** In place of Docker. */
  findVolumes?: FindVolumes;
}

/**
 * Asks for what the flags and the folder leave open and shows what would be written, until the user agrees. Writes
 * nothing.
 * @returns what to write; the exit code when nothing is left to do: the user left an existing stack as it is, or a
 * command that was chosen has run
 * @throws {UserError} for answers and folders that no question can put right
 * @throws an error named `CancelPromptError`, `ExitPromptError` or `AbortPromptError` when the user gives up
 */
export async function wizard(
  input: WizardInput,
  prompter: Prompter = terminalPrompter(input.output),
): Promise<Order | ExitCode> {
  const { given, output } = input;
  if (given.folder !== undefined) await refuseForeign(given.folder);
  const session = await startSession(given, prompter);
  prompter.say(
    `${output.style('bold', `create-secure-stack ${version}`)}\nEnter takes the proposal, Ctrl-C leaves.\nNothing is written before the end.\n`,
  );
  if (isUnchanged(given)) {
    const { existingStack } = await import('./existing.ts');
    const ended = await existingStack(input, session);
    if (ended !== 'review') return ended;
  } else {
    await askMissing(session);
    await refuseTakenName(session);
    if (
      given.source === undefined &&
      session.draft.services === undefined &&
      session.draft.apps === undefined
    ) {
      const { askWorkloads } = await import('./workloads.ts');
      await askWorkloads(session);
    }
  }
  const { agree } = await import('./agree.ts');
  return agree(input, session);
}

async function startSession({ folder, source, edits }: Given, prompter: Prompter): Promise<Session> {
  const answers = source === undefined ? { version: 1 as const } : await answersOf(source);
  const draft = withEdits(answers, edits) as Draft;
  const given = new Set(edits.map(({ path }) => dotted(path)));
  // A file is complete: what it leaves out is the default, and nobody asked for a change.
  const inFile = ({ when }: Question): boolean => source !== undefined && when?.(answers as Draft) !== false;
  const answered = questions.filter((question) => given.has(dotted(question.path)) || inFile(question));
  return { prompter, folder, draft, answered: new Set(answered.map(({ flag }) => flag)) };
}

/** @throws {UserError} with every mistake's line: what stands wrong in a file is put right there */
async function answersOf(source: NonNullable<Given['source']>): Promise<Draft> {
  const { plainAnswers, readSpec } = await import('../stack/load.ts');
  readSpec(source);
  return plainAnswers(source) as Draft;
}

/** An existing stack that no flag changes. */
function isUnchanged({ source, onDisk, edits }: Given): boolean {
  return source !== undefined && source.text === onDisk && edits.length === 0;
}

/** A name that came by flag or file has not passed the prompt. */
async function refuseTakenName(session: Session): Promise<void> {
  const problem = await nameProblem(session, session.draft.name ?? '');
  if (problem !== undefined) throw new UserError({ message: problem }, EXIT.refused);
}
