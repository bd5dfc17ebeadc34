import { type AnswerPath, type AnswerProblem, dotted } from './answer-problem.ts';
import { dropUndefined, setIn } from './answer-tree.ts';
import { checkAnswers } from './load.ts';
import type { Draft, Question } from './questions.ts';

/**
 * What is wrong with one answer, by the rules that hold for the whole file; undefined when nothing is.
 * A combination with another answer is not judged here: either of the two may be the one to change.
 */
export function answerProblem(question: Question, draft: Draft, value: unknown): AnswerProblem | undefined {
  const place = dotted(question.path);
  return find(setIn(complete(draft), question.path, value), (one) => isWithin(one, place));
}

/** What is wrong at a place of the draft or below it; with `below: false`, at the place alone. */
export function problemAt(
  draft: Draft,
  path: AnswerPath,
  { below = true }: { below?: boolean } = {},
): AnswerProblem | undefined {
  const place = dotted(path);
  return find(complete(draft), (one) => (below ? isWithin(one, place) : one === place));
}

function find(answers: object, isMeant: (place: string) => boolean): AnswerProblem | undefined {
  return checkAnswers(answers).problems.find(({ path, or }) => or === undefined && isMeant(dotted(path)));
}

/** Whether a dotted place is the other one or lies below it. */
export function isWithin(place: string, outer: string): boolean {
  return place === outer || place.startsWith(`${outer}.`) || place.startsWith(`${outer}[`);
}

/** The problem as one line beside the prompt, which shows the answer anyway. */
export function problemText({ message, hint }: Pick<AnswerProblem, 'message' | 'hint'>): string {
  return hint ? `${message} (${hint})` : message;
}

/** The draft with stand-ins for what has not been asked yet, so that one answer can be judged by itself. */
function complete(draft: Draft): Draft {
  return {
    version: 1,
    name: 'draft',
    environment: 'development',
    domains: ['localhost'],
    ...dropUndefined(draft),
    tls: { mode: 'dev-ca', ...draft.tls },
  };
}
