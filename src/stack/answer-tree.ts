import { type AnswerPath, dotted } from './answer-problem.ts';
import { UNUSABLE } from './partial.ts';

/** The answer at a place. */
export function valueAt(answers: unknown, path: AnswerPath): unknown {
  return path.reduce<unknown>(
    (node, part) =>
      typeof node === 'object' && node !== null && Object.hasOwn(node, part)
        ? (node as Record<string | number, unknown>)[part]
        : undefined,
    answers,
  );
}

/**
 * A copy of the answers with one value set; what is missing on the way is made, a list where the path has an index.
 * `undefined` takes the value out.
 * @throws {TypeError} for a place that `placeProblem` refuses
 */
export function setIn<Answers>(target: Answers, path: AnswerPath, value: unknown): Answers {
  const problem = placeProblem(target, path);
  if (problem !== undefined) throw new TypeError(`${dotted(path)}: ${problem}`);
  return withValue(target, path, value) as Answers;
}

function withValue(target: unknown, [head, ...rest]: AnswerPath, value: unknown): unknown {
  const current = valueAt(target, [head!]);
  const next = rest.length > 0 ? withValue(current ?? undefined, rest, value) : value;
  if (typeof head === 'number') {
    const list = (target ?? []) as unknown[];
    if (next === undefined) return list.filter((_item, index) => index !== head);
    return head === list.length ? [...list, next] : list.with(head, next);
  }
  const mapping = { ...(target as object | undefined), [head!]: next };
  return next === undefined ? dropUndefined(mapping) : mapping;
}

/** Why nothing can be set at a place of these answers; undefined when it can. */
export function placeProblem(answers: unknown, path: AnswerPath): string | undefined {
  for (const [index, part] of path.entries()) {
    const outer = dotted(path.slice(0, index));
    const node = valueAt(answers, path.slice(0, index)) ?? (typeof part === 'number' ? [] : {});
    if (UNUSABLE.includes(String(part))) return `"${part}" is a reserved name; choose another one`;
    if (typeof node !== 'object') return `${outer} holds a single value, nothing below it`;
    if (Array.isArray(node) && typeof part !== 'number')
      return `${outer} is a list; say which, e.g. ${outer}[0]`;
    if (!Array.isArray(node) && typeof part === 'number') return `${outer} is a mapping, not a list`;
    if (!Array.isArray(node) || typeof part !== 'number') continue;
    if (!Number.isInteger(part) || part < 0) return 'an index in [] must be a whole number from 0';
    if (part > node.length)
      return `${outer} has ${node.length} ${node.length === 1 ? 'entry' : 'entries'}; the next index is ${node.length}`;
  }
  return undefined;
}

export function dropUndefined(object: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
