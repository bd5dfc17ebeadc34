import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EXIT, UserError } from '../../src/errors.ts';
import { type Finding, findingsOf, SEVERITIES, sortFindings } from '../../src/verify/finding.ts';

const finding = fc.record({
  rule: fc.constantFrom('a.a', 'a.b'),
  severity: fc.constantFrom(...SEVERITIES),
  file: fc.constantFrom('a', 'B', 'ä', '.env'),
  line: fc.integer({ min: 1, max: 3 }),
  message: fc.constantFrom('x', 'y'),
});

describe('sortFindings', () => {
  test('gives one order for the same findings, whatever order they came in', () => {
    const shuffled = fc
      .array(finding, { maxLength: 12 })
      .chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })));
    fc.assert(
      fc.property(shuffled, ([list, other]) => {
        expect(sortFindings(other)).toEqual(sortFindings(list));
      }),
    );
  });

  test('puts the worst first, then goes by file and line', () => {
    const at = (severity: Finding['severity'], file: string, line?: number): Finding => ({
      rule: 'r',
      severity,
      file,
      message: 'm',
      ...(line === undefined ? {} : { line }),
    });
    const expected = [
      at('error', 'b'),
      at('error', 'b', 2),
      at('error', 'b', 10),
      at('warning', 'a'),
      at('note', 'a'),
    ];
    expect(sortFindings([...expected].reverse())).toEqual(expected);
  });
});

test('a refusal becomes findings with its place and advice', () => {
  const error = new UserError(
    [{ message: 'is wrong', path: 'a.b', file: 'f', line: 3, hint: 'mend it' }, { message: 'is bad' }],
    EXIT.refused,
  );
  expect(findingsOf(error, { rule: 'r', file: 'other' })).toEqual([
    { rule: 'r', severity: 'error', file: 'f', line: 3, message: 'a.b: is wrong', hint: 'mend it' },
    { rule: 'r', severity: 'error', file: 'other', message: 'is bad' },
  ]);
});
