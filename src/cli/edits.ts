import { type Problem, UserError } from '../errors.ts';
import type { AnswerPath } from '../stack/answer-problem.ts';
import { placeProblem, setIn } from '../stack/answer-tree.ts';

/** One answer given by a flag. */
export interface Edit {
  path: AnswerPath;
  value: unknown;
  /** For messages: `--domain`, `--set edge.workers`. */
  flag: string;
}

/** The edits that have a place in the answers, each made after those before it, and what is wrong with the others. */
export function placeable(
  answers: unknown,
  edits: readonly Edit[],
): { edits: readonly Edit[]; problems: readonly Problem[] } {
  const problems: Problem[] = [];
  let all = answers;
  const placed = edits.filter(({ path, value, flag }) => {
    const message = placeProblem(all, path);
    if (message === undefined) all = setIn(all, path, value);
    else problems.push({ flag, message });
    return message === undefined;
  });
  return { edits: placed, problems };
}

/**
 * The answers with those of the flags.
 * @throws {UserError} naming the flag whose place there cannot be
 */
export function withEdits(answers: unknown, edits: readonly Edit[]): Record<string, unknown> {
  return edits.reduce<Record<string, unknown>>(
    (all, { path, value, flag }) => {
      const message = placeProblem(all, path);
      if (message !== undefined) throw new UserError({ flag, message });
      return setIn(all, path, value);
    },
    answers as Record<string, unknown>,
  );
}
