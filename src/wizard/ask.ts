import { basename, resolve } from 'node:path';
import { storedPath, typedPath } from '../cli/stored-path.ts';
import { valueAt } from '../stack/answer-tree.ts';
import { formatAnswer, isImplied, parseAnswer, type Question, questions } from '../stack/questions.ts';
import { same } from './changes.ts';
import { nameProblem } from './folder.ts';
import { type Session, setAnswer, withoutAnswer } from './session.ts';

/** Asks whatever applies and is not answered yet. */
export async function askMissing(session: Session): Promise<void> {
  for (const question of questions) {
    if (session.answered.has(question.flag) || question.when?.(session.draft) === false) continue;
    if (valueAt(session.draft, question.path) === undefined) await ask(session, question);
  }
}

/** Asks one question again, and those whose proposals rest on it. */
export async function askAgain(session: Session, question: Question): Promise<void> {
  const before = session.draft;
  await ask(session, question);
  if (same(valueAt(before, question.path), valueAt(session.draft, question.path))) return;
  for (const dependent of questions) {
    if (!dependent.dependsOn?.includes(question.flag) || dependent.when?.(session.draft) === false) continue;
    // What had only been the proposal gives way to the new one.
    if (same(valueAt(before, dependent.path), dependent.fallback(before, '')))
      session.draft = withoutAnswer(session.draft, dependent.path);
    await ask(session, dependent);
  }
}

async function ask(session: Session, question: Question): Promise<void> {
  const { draft, folder } = session;
  const current = valueAt(draft, question.path);
  const advised = session.answered.has(question.flag) ? undefined : question.advised;
  const proposal =
    current ?? advised ?? question.fallback(draft, folder === undefined ? '' : basename(resolve(folder)));
  await take(session, question, await answerTo(session, question, proposal));
}

async function take(session: Session, question: Question, value: unknown): Promise<void> {
  const current = valueAt(session.draft, question.path);
  session.answered.add(question.flag);
  const { otherwise } = question;
  if (otherwise && value === otherwise.answer) {
    setAnswer(session, question.path, undefined);
    return askOtherwise(session, question, otherwise.flag);
  }
  if (same(value, current) || (current === undefined && isImplied(question.path, value))) return;
  setAnswer(session, question.path, value);
}

/** Asks the question that one answer rules out once more; what it rules out is offered, but not proposed. */
async function askOtherwise(session: Session, question: Question, flag: string): Promise<void> {
  const source = questions.find((one) => one.flag === flag)!;
  const ruledOut = valueAt(session.draft, source.path);
  const other = source.choices?.find(({ value }) => value !== ruledOut);
  await take(session, source, await answerTo(session, source, other?.value));
  if (question.when?.(session.draft) !== false) await ask(session, question);
}

async function answerTo(session: Session, question: Question, proposal: unknown): Promise<unknown> {
  const { message, choices, otherwise } = question;
  if (choices) {
    const proposed = choices.find(({ value }) => value === String(proposal))?.value ?? otherwise?.answer;
    const chosen = await session.prompter.choose({
      message,
      choices: choices.map(({ value, title }) => ({
        value,
        name: title,
        short: formatAnswer(parseAnswer(question, value)),
      })),
      ...(proposed === undefined ? {} : { proposal: proposed }),
    });
    return parseAnswer(question, chosen);
  }
  const text = formatAnswer(isPath(question, proposal) ? typedPath(proposal, session.folder) : proposal);
  const typed = await session.prompter.text({
    message,
    ...(text === '' ? {} : { proposal: text }),
    validate: (answer) => problemWith(session, question, meant(session, question, answer)),
  });
  return meant(session, question, typed);
}

/** What is typed at the prompt as stack.yaml holds it. */
function meant({ folder }: Session, question: Question, typed: string): unknown {
  const answer = parseAnswer(question, typed);
  return isPath(question, answer) ? storedPath(answer, folder) : answer;
}

function isPath({ isFile }: Question, answer: unknown): answer is string {
  return isFile === true && typeof answer === 'string';
}

async function problemWith(
  session: Session,
  question: Question,
  value: unknown,
): Promise<string | undefined> {
  // Only loaded once something has been typed: the first question must not wait for the schema.
  const { answerProblem, problemText } = await import('../stack/check-answer.ts');
  const problem = answerProblem(question, session.draft, value);
  if (problem === undefined)
    return question.flag === 'name' ? nameProblem(session, value as string) : undefined;
  const index = problem.path[question.path.length];
  const item = Array.isArray(value) && typeof index === 'number' ? `"${value[index]}" ` : '';
  return `${item}${problemText(problem)}`;
}
