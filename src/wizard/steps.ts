import { type AnswerPath, dotted } from '../stack/answer-problem.ts';
import { valueAt } from '../stack/answer-tree.ts';
import { isWithin } from '../stack/check-answer.ts';
import { checkAnswers } from '../stack/load.ts';
import { formatAnswer, type Question, questions } from '../stack/questions.ts';
import { askApp } from './app.ts';
import { askAgain } from './ask.ts';
import { type Session, withoutAnswer } from './session.ts';
import { appsOf, appText, askApps, askServices } from './workloads.ts';

/** An answer that can be given again. */
export interface Step {
  title: string;
  /** The answer as it is, in a few words. */
  shown: string;
  /** Place in stack.yaml. */
  path: AnswerPath;
  ask(): Promise<void>;
}

/** Every answer that can be changed now. */
export function stepsOf(session: Session): Step[] {
  return [
    ...questions
      .filter(({ when }) => when?.(session.draft) !== false)
      .map((question) => questionStep(session, question)),
    {
      title: 'services',
      shown: Object.keys(session.draft.services ?? {}).join(', ') || 'none',
      path: ['services'],
      ask: () => askServices(session),
    },
    ...Object.entries(appsOf(session)).map(([name, app]) => ({
      title: `app ${name}`,
      shown: appText(app),
      path: ['apps', name],
      ask: () => askApp(session, name),
    })),
    {
      title: 'apps: add, remove',
      shown: `${Object.keys(appsOf(session)).length}`,
      path: ['apps'],
      ask: () => askApps(session),
    },
  ];
}

function questionStep(session: Session, question: Question): Step {
  const { path, title, fallback } = question;
  return {
    title,
    shown: formatAnswer(valueAt(session.draft, path) ?? fallback(session.draft, '')) || 'none',
    path,
    ask: () => askAgain(session, question),
  };
}

/** Lets the user pick an answer, asks it again. */
export async function changeOne(session: Session): Promise<void> {
  const steps = stepsOf(session);
  const choices = steps.map(({ title, shown }, index) => ({
    value: String(index),
    name: `${title}: ${shown}`,
  }));
  const index = await session.prompter.choose({ message: 'Which answer?', choices });
  await steps[Number(index)]!.ask();
}

/** What is wrong with the answers as a whole, and at which place. */
export interface Concern {
  place: string;
  text: string;
  /** Place of another answer whose change would help as well. */
  or?: string;
}

/** Says what is wrong and asks the answers concerned again, until the answers fit together. */
export async function askUntilSound(session: Session): Promise<void> {
  for (;;) {
    const { problems } = checkAnswers(session.draft);
    if (problems.length === 0) return;
    await repair(
      session,
      problems.map(({ path, message, hint, or }) => ({
        place: dotted(path),
        text: hint ? `${message} (${hint})` : message,
        ...(or ? { or: dotted(or) } : {}),
      })),
    );
  }
}

/**
 * Shows the problems and asks the answer behind the first one again; where either of two would help, or where it is about
 * something that is not asked, the user chooses. What no question is about any more is left out.
 */
export async function repair(session: Session, concerns: readonly Concern[]): Promise<void> {
  for (const { place, text } of concerns) session.prompter.say(`${place}: ${text}`);
  const idle = questions.find(({ path }) => dotted(path) === concerns[0]!.place);
  if (idle?.when?.(session.draft) === false && valueAt(session.draft, idle.path) !== undefined) {
    session.prompter.say(`${concerns[0]!.place}: left out`);
    session.draft = withoutAnswer(session.draft, idle.path);
    session.answered.delete(idle.flag);
    return;
  }
  const places = [concerns[0]!.place, concerns[0]!.or].filter((place) => place !== undefined);
  const steps = places.flatMap((place) => stepFor(session, place) ?? []);
  if (steps.length === 0) return changeOne(session);
  const [only] = steps;
  if (steps.length === 1) return only!.ask();
  const index = await session.prompter.choose({
    message: 'Which answer shall change?',
    choices: steps.map(({ title, shown }, position) => ({
      value: String(position),
      name: `${title}: ${shown}`,
    })),
  });
  await steps[Number(index)]!.ask();
}

/** The most special step whose answer holds the place. */
function stepFor(session: Session, place: string): Step | undefined {
  return stepsOf(session)
    .filter(({ path }) => isWithin(place, dotted(path)))
    .sort((a, b) => b.path.length - a.path.length)[0];
}
