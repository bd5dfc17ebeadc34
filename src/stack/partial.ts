import type { AnswerPath } from './answer-problem.ts';

/** Names that stand for something on every object: the schema would drop an entry called so in silence. */
export const UNUSABLE: readonly string[] = ['__proto__', 'constructor', 'prototype'];

/** Where answers use such a name. */
export function unusableNames(answers: unknown, path: AnswerPath = []): AnswerPath[] {
  if (typeof answers !== 'object' || answers === null) return [];
  if (Array.isArray(answers)) return answers.flatMap((item, index) => unusableNames(item, [...path, index]));
  return Object.keys(answers).flatMap((key) =>
    UNUSABLE.includes(key)
      ? [[...path, key]]
      : unusableNames((answers as Record<string, unknown>)[key], [...path, key]),
  );
}

/** Stand for answers that no stack can do without; nothing is said about them. */
const STAND_INS: Readonly<Record<string, unknown>> = {
  version: 1,
  name: 'stack',
  environment: 'development',
  domains: ['localhost'],
  tls: { mode: 'dev-ca' },
};

/**
 * The answers without what is wrong, so that the rest can be judged.
 * @param issues places of what the schema complains about; of a missing key, the place where it should be
 * @returns also the places that have been left out, which is more than the issues where a mapping needs the missing key
 */
export function withoutWrong(
  answers: unknown,
  issues: readonly AnswerPath[],
): { answers: unknown; left: AnswerPath[] } {
  const places = issues.map((path) =>
    hasPlace(answers, path) || path.length === 1 ? path : path.slice(0, -1),
  );
  // A value may be wrong in two ways, and goes once.
  const left = [...new Map(places.map((path) => [JSON.stringify(path), path])).values()];
  // From the end of a list, because the places before it are still to be found.
  const rest = [...left].sort(later).reduce(remove, structuredClone(answers));
  if (typeof rest !== 'object' || rest === null) return { answers: rest, left };
  return {
    answers: { ...rest, ...Object.fromEntries(Object.entries(STAND_INS).filter(([key]) => !(key in rest))) },
    left,
  };
}

/** A place in the answers that are left, as it was before: items of lists have moved up into what was left out. */
export function placeBefore(path: AnswerPath, left: readonly AnswerPath[]): AnswerPath {
  const before: (string | number)[] = [];
  for (const part of path) {
    const gaps = left
      .filter((one) => one.length === before.length + 1 && before.every((key, index) => key === one[index]))
      .map((one) => Number(one.at(-1)))
      .sort((a, b) => a - b);
    before.push(typeof part === 'number' ? gaps.reduce((at, gap) => (gap <= at ? at + 1 : at), part) : part);
  }
  return before;
}

function later(a: AnswerPath, b: AnswerPath): number {
  for (const [index, part] of a.entries()) {
    const other = b[index];
    if (typeof part === 'number' && typeof other === 'number' && part !== other) return other - part;
  }
  return b.length - a.length;
}

function hasPlace(answers: unknown, path: AnswerPath): boolean {
  const [key, ...rest] = path;
  if (key === undefined) return true;
  return (
    typeof answers === 'object' &&
    answers !== null &&
    Object.hasOwn(answers, key) &&
    hasPlace((answers as Record<string | number, unknown>)[key], rest)
  );
}

function remove(answers: unknown, path: AnswerPath): unknown {
  const parent = path
    .slice(0, -1)
    .reduce<unknown>((node, part) => (node as Record<string | number, unknown> | undefined)?.[part], answers);
  const key = path.at(-1);
  if (typeof parent !== 'object' || parent === null || key === undefined) return answers;
  if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else delete (parent as Record<string, unknown>)[String(key)];
  return answers;
}

/** Whether something that has been left out is at a place, or in what is there; not, whether the place is gone as well. */
export function isIn(left: AnswerPath, place: string): boolean {
  return place
    .split('.')
    .every((wanted, index) => index < left.length && (wanted === '*' || wanted === String(left[index])));
}

/**
 * Whether something that has been left out matters to a place: `apps.*.routes.**` is every route with all that is in it,
 * `apps.*` only which apps there are.
 */
export function matters(left: AnswerPath, place: string): boolean {
  const parts = place.split('.');
  for (const [index, part] of left.entries()) {
    const wanted = parts[index];
    if (wanted === '**') return true;
    if (wanted === undefined || (wanted !== '*' && wanted !== String(part))) return false;
  }
  return true;
}
