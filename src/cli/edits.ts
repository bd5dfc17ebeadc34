import { UserError } from '../errors.ts';
import type { AnswerPath } from '../stack/answer-problem.ts';
import { placeProblem, setIn } from '../stack/answer-tree.ts';

/** One answer given by a flag. */
export interface Edit {
  path: AnswerPath;
  value: unknown;
  /** For messages: `--domain`, `--set edge.workers`. */
  flag: string;
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
