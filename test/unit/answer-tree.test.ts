import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AnswerPath } from '../../src/stack/answer-problem.ts';
import { placeProblem, setIn, valueAt } from '../../src/stack/answer-tree.ts';
import { changeAnswer } from '../../src/stack/document.ts';
import { parseStackDocument, plainAnswers } from '../../src/stack/load.ts';

const NAMES = ['apps', 'web', 'routes', 'path'];

describe('setting one answer', () => {
  test.each<[string, object, AnswerPath, unknown, object]>([
    ['an entry of a list', { a: [{ b: 1 }] }, ['a', 0, 'b'], 2, { a: [{ b: 2 }] }],
    ['the next entry', { a: ['x'] }, ['a', 1], 'y', { a: ['x', 'y'] }],
    ['a list that is not there', {}, ['a', 0, 'b'], 1, { a: [{ b: 1 }] }],
    ['below an empty key', { a: null }, ['a', 'b'], 1, { a: { b: 1 } }],
    ['an entry out of a list', { a: ['x', 'y', 'z'] }, ['a', 1], undefined, { a: ['x', 'z'] }],
  ])('%s', (_name, before, path, value, after) => {
    expect(placeProblem(before, path)).toBeUndefined();
    expect(setIn(before, path, value)).toEqual(after);
  });

  test.each<[AnswerPath, string]>([
    [['list', 3], 'list has 1 entry; the next index is 1'],
    [['list', -1], 'an index in [] must be a whole number from 0'],
    [['list', Number.NaN], 'an index in [] must be a whole number from 0'],
    [['list', 'x'], 'list is a list; say which, e.g. list[0]'],
    [['mapping', 0], 'mapping is a mapping, not a list'],
    [['text', 'x', 'y'], 'text holds a single value, nothing below it'],
    [['mapping', '__proto__', 'x'], '"__proto__" is a reserved name; choose another one'],
    [['new', 'constructor'], '"constructor" is a reserved name; choose another one'],
  ])('at %j it is told why not', (path, problem) => {
    const answers = { list: ['x'], mapping: {}, text: 'x' };
    expect(placeProblem(answers, path)).toBe(problem);
    expect(() => setIn(answers, path, 1)).toThrow(TypeError);
  });

  test('at any place of any answers: it is refused, or reads back and leaves the rest; the file says the same', () => {
    const tree = fc.letrec((tie) => ({
      node: fc.oneof(
        { maxDepth: 4, withCrossShrink: true },
        fc.constantFrom(null, 1, 'x'),
        fc.dictionary(fc.constantFrom(...NAMES), tie('node'), { maxKeys: 3 }),
        fc.array(tie('node'), { maxLength: 3 }),
      ),
    })).node;
    const answers = fc.dictionary(fc.constantFrom(...NAMES), tree, { minKeys: 1 });
    const part = fc.oneof(
      fc.constantFrom(...NAMES, '__proto__', 'constructor'),
      fc.integer({ min: -1, max: 4 }),
    );
    const path = fc
      .tuple(fc.constantFrom(...NAMES), fc.array(part, { maxLength: 4 }))
      .map(([first, rest]) => [first, ...rest]);
    const value = fc.constantFrom(undefined, 7, 'new', ['list'], { key: 1 });
    fc.assert(
      fc.property(answers, path, value, (before, place, wanted) => {
        const copy = structuredClone(before);
        if (placeProblem(before, place) !== undefined) return;
        const after = setIn(before, place, wanted);
        expect(before).toEqual(copy);
        if (wanted !== undefined) expect(valueAt(after, place)).toEqual(wanted);
        const others = Object.keys(before).filter((key) => key !== place[0]);
        for (const key of others) expect(after[key]).toBe(before[key]);
        if (wanted === undefined) return;
        const source = parseStackDocument(JSON.stringify(before), 'x');
        expect(plainAnswers(changeAnswer(source, place, wanted))).toEqual(after);
      }),
      { numRuns: 300 },
    );
  }, 30_000);
});

test('taking out what is not there changes nothing', () => {
  const source = parseStackDocument('version: 1\nname: x # mine\n', 'x');
  expect(changeAnswer(source, ['edge', 'limits', 'maxBody'], undefined).text).toBe(source.text);
});
