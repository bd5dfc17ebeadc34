import type { AnswerPath } from '../stack/answer-problem.ts';

/** One answer that differs; `undefined`: it is gone. */
export interface Change {
  path: AnswerPath;
  value: unknown;
}

/**
 * The smallest edits that turn one set of answers into the other: mappings are compared key by key, so that what stands
 * beside a changed answer keeps its comments; lists are replaced whole.
 */
export function changesBetween(before: unknown, after: unknown, path: AnswerPath = []): Change[] {
  if (!isMapping(before) || !isMapping(after)) return same(before, after) ? [] : [{ path, value: after }];
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key) =>
    changesBetween(before[key], after[key], [...path, key]),
  );
}

/** Whether two answers say the same, whatever the order of their keys. */
export function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isMapping(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  );
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
