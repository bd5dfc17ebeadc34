import { basename, resolve } from 'node:path';
import { type Problem, UserError } from '../errors.ts';
import { type AnswerPath, type AnswerProblem, dotted } from '../stack/answer-problem.ts';
import { setIn, valueAt } from '../stack/answer-tree.ts';
import { answerProblem, isWithin } from '../stack/check-answer.ts';
import { changeAnswer, newStackDocument } from '../stack/document.ts';
import { checkAnswers, locate, plainAnswers, type StackDocument } from '../stack/load.ts';
import { presets } from '../stack/presets.ts';
import { answerForm, type Draft, isImplied, questions } from '../stack/questions.ts';
import { changesBetween } from '../wizard/changes.ts';
import { type Given, shownPath, unread } from './answers.ts';
import type { Arguments } from './args.ts';
import { type Edit, withEdits } from './edits.ts';

/** The document with answers changed; comments and everything else stay, also inside of what is given again as it is. */
export function applyEdits(
  source: StackDocument,
  edits: readonly { path: AnswerPath; value: unknown }[],
): StackDocument {
  return edits.reduce((document, { path, value }) => {
    const before = valueAt(plainAnswers(document), path);
    // No services are no services, written down or not.
    if (before === undefined && path.length === 1 && JSON.stringify(value) === '{}') return document;
    return changesBetween(before, value, path).reduce(
      (changed, change) => changeAnswer(changed, change.path, change.value),
      document,
    );
  }, source);
}

/**
 * The document with the flags' answers.
 * @throws {UserError} with every mistake: with its flag, or with its line where it stands in the file already
 */
export function editedSource(source: StackDocument, given: Given): StackDocument {
  const { edits, wrong } = given;
  if (edits.length + wrong.length === 0) return source;
  const edited = applyEdits(source, edits);
  const { problems } = checkAnswers(plainAnswers(edited), unread(given));
  if (problems.length + wrong.length === 0) return edited;
  const old = checkAnswers(plainAnswers(source)).problems.map(told);
  throw new UserError([
    ...wrong,
    ...problems.map((problem) =>
      old.includes(told(problem)) ? locate(problem, source) : flagged(problem, edits),
    ),
  ]);
}

/** A problem with the flag whose answer it is about. */
function flagged({ path, message, hint }: AnswerProblem, edits: readonly Edit[]): Problem {
  const place = dotted(path);
  const edit =
    edits.findLast((one) => isWithin(place, dotted(one.path))) ??
    edits.findLast((one) => isWithin(dotted(one.path), place));
  return { ...(edit ? { flag: edit.flag } : {}), path: place, message, ...(hint ? { hint } : {}) };
}

/** What a question asks for is told as missing with the question's flag, and not at all where that hinges on another. */
function isUnasked({ path, message }: AnswerProblem): boolean {
  return message === 'is missing' && questions.some((one) => isWithin(dotted(one.path), dotted(path)));
}

function told({ path, message }: AnswerProblem): string {
  return `${dotted(path)}: ${message}`;
}

/**
 * Completes the answers of a new stack without asking.
 * @throws {UserError} listing every answer that is missing, with its flag
 */
export function newStackWithoutAsking(
  given: Given,
  args: Arguments,
): { folder: string; source: StackDocument } {
  let draft = withEdits({ version: 1 }, given.edits);
  const takeDefaults = args.switches.has('yes');
  const folder =
    given.folder ?? (draft['name'] as string | undefined) ?? (takeDefaults ? 'my-stack' : undefined);
  const missing: Problem[] = [];
  // Flags of the questions without an answer that holds.
  const open = new Set(
    given.edits.flatMap(({ path, value }) => {
      const question = questions.find((one) => dotted(one.path) === dotted(path));
      return question && answerProblem(question, draft as Draft, value) ? [question.flag] : [];
    }),
  );
  for (const question of questions) {
    if (valueAt(draft, question.path) !== undefined || question.when?.(draft as Draft) === false) continue;
    const fallback = question.fallback(draft as Draft, folder === undefined ? '' : basename(resolve(folder)));
    const hasDefault =
      takeDefaults ||
      !['name', 'environment', 'domains'].includes(String(question.path[0])) ||
      (question.path[0] === 'name' && folder !== undefined);
    // A proposal that rests on a missing or wrong answer would be a guess, and bring questions that may not arise.
    if (fallback !== undefined && question.dependsOn?.some((flag) => open.has(flag))) continue;
    if (fallback === undefined || !hasDefault) {
      open.add(question.flag);
      missing.push({
        path: dotted(question.path),
        message: 'is missing',
        hint: `give --${question.flag} ${answerForm(question)}`,
      });
    } else if (fallback !== '' && !isImplied(question.path, fallback)) {
      draft = setIn(draft, question.path, fallback);
    }
  }
  if (draft['apps'] === undefined && draft['services'] === undefined)
    draft = { ...draft, ...presets.find(({ name }) => name === 'single-app')!.answers };
  const wrong = [
    ...given.wrong,
    ...checkAnswers(draft, unread(given))
      .problems.filter((problem) => !isUnasked(problem))
      .map((problem) => flagged(problem, given.edits)),
    ...missing,
  ];
  if (missing.length > 0 && !takeDefaults)
    wrong.push({
      message: 'there is no terminal to ask on',
      hint: '--yes takes the defaults where there are any; --config reads a file',
    });
  if (wrong.length > 0) throw new UserError(wrong);
  return { folder: folder!, source: newStackDocument(draft, shownPath(folder)) };
}
