import { closest, distance } from 'fastest-levenshtein';

/** Position of a value in the answers: keys and list indexes. */
export type AnswerPath = readonly (string | number)[];

/** A problem before it is known on which line it stands. */
export interface AnswerProblem {
  path: AnswerPath;
  message: string;
  hint?: string;
  /** The key itself is wrong, not its value. */
  atKey?: boolean;
  /** The value is only wrong together with the answer at this place: changing that one helps as well. */
  or?: AnswerPath;
}

/** `apps.web.routes[0].host` */
export function dotted(path: AnswerPath): string {
  return path
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : index === 0 ? part : `.${part}`))
    .join('');
}

/** The nearest of the known words, when it is near enough to be what was meant. */
export function suggestion(word: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const nearest = closest(word.toLowerCase(), known as string[]);
  return distance(word.toLowerCase(), nearest) <= Math.max(2, Math.floor(nearest.length / 3))
    ? `did you mean "${nearest}"?`
    : undefined;
}
