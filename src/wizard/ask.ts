import { basename, resolve } from 'node:path';
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
  const proposal = current ?? question.fallback(draft, folder === undefined ? '' : basename(resolve(folder)));
  const value = await answerTo(session, question, proposal);
  session.answered.add(question.flag);
  if (same(value, current) || (current === undefined && isImplied(question.path, value))) return;
  setAnswer(session, question.path, value);
}

async function answerTo(session: Session, question: Question, proposal: unknown): Promise<unknown> {
  const { message, choices } = question;
  if (choices) {
    const known = choices.some(({ value }) => value === proposal);
    return session.prompter.choose({
      message,
      choices: choices.map(({ value, title }) => ({ value, name: title, short: value })),
      ...(known ? { proposal: proposal as string } : {}),
    });
  }
  const text = formatAnswer(proposal);
  const typed = await session.prompter.text({
    message,
    ...(text === '' ? {} : { proposal: text }),
    validate: (answer) => problemWith(session, question, parseAnswer(question, answer)),
  });
  return parseAnswer(question, typed);
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
