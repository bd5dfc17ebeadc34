import { basename, resolve } from 'node:path';
import { type Problem, UserError } from '../errors.ts';
import { dotted } from '../stack/answer-problem.ts';
import { answerProblem } from '../stack/check-answer.ts';
import { changeAnswer, newStackText } from '../stack/document.ts';
import { parseStackDocument, type StackDocument } from '../stack/load.ts';
import { presets } from '../stack/presets.ts';
import { answerForm, type Draft, isImplied, questions, setIn, valueAt } from '../stack/questions.ts';
import { type Edit, type Given, shownPath } from './answers.ts';
import type { Arguments } from './args.ts';

/** The document with the flags' answers set; comments and everything else stay. */
export function applyEdits(source: StackDocument, edits: readonly Edit[]): StackDocument {
  return edits.reduce((document, { path, value }) => changeAnswer(document, path, value), source);
}

/**
 * Completes the answers of a new stack without asking.
 * @throws {UserError} listing every answer that is missing, with its flag
 */
export function newStackWithoutAsking(
  given: Given,
  args: Arguments,
): { folder: string; source: StackDocument } {
  let draft = given.edits.reduce<Record<string, unknown>>(
    (answers, { path, value }) => setIn(answers, path, value),
    { version: 1 },
  );
  const takeDefaults = args.switches.has('yes');
  const folder =
    given.folder ?? (draft['name'] as string | undefined) ?? (takeDefaults ? 'my-stack' : undefined);
  const missing: Problem[] = [];
  for (const { path, value } of given.edits) {
    const question = questions.find((one) => dotted(one.path) === dotted(path));
    const problem = question && answerProblem(question, draft as Draft, value);
    if (problem)
      missing.push({
        path: dotted(problem.path),
        message: problem.message,
        ...(problem.hint ? { hint: problem.hint } : {}),
      });
  }
  if (missing.length > 0) throw new UserError(missing);
  const open = new Set<string>();
  for (const question of questions) {
    if (valueAt(draft, question.path) !== undefined || question.when?.(draft as Draft) === false) continue;
    const fallback = question.fallback(draft as Draft, folder === undefined ? '' : basename(resolve(folder)));
    const hasDefault =
      takeDefaults ||
      !['name', 'environment', 'domains'].includes(String(question.path[0])) ||
      (question.path[0] === 'name' && folder !== undefined);
    // A proposal that rests on a missing answer would be a guess, and bring questions that may not arise.
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
  if (missing.length > 0) {
    throw new UserError(
      takeDefaults
        ? missing
        : [
            ...missing,
            {
              message: 'there is no terminal to ask on',
              hint: '--yes takes the defaults where there are any; --config reads a file',
            },
          ],
    );
  }
  if (draft['apps'] === undefined && draft['services'] === undefined)
    draft = { ...draft, ...presets.find(({ name }) => name === 'single-app')!.answers };
  return { folder: folder!, source: parseStackDocument(newStackText(draft), shownPath(folder)) };
}
