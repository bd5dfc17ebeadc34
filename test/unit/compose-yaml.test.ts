import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { Commented, composeYaml, Interpolation } from '../../src/render/compose/yaml.ts';

/** What Compose makes of a string without variables in it. */
const interpolated = (text: string): string => text.replaceAll('$$', '$');

describe('composeYaml', () => {
  test('any string comes back from YAML 1.1 and 1.2 readers as the same string', () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.stringMatching(/^[A-Za-z_]\w{0,10}$/),
          fc.oneof(fc.string(), fc.string({ unit: 'grapheme' })),
          { maxKeys: 8 },
        ),
        (values) => {
          const text = composeYaml(values, 'header');
          for (const version of ['1.1', '1.2'] as const) {
            const read = (parse(text, { version }) ?? {}) as Record<string, string>;
            expect(
              Object.fromEntries(Object.entries(read).map(([key, value]) => [key, interpolated(value)])),
            ).toEqual({ ...values });
          }
        },
      ),
    );
  });

  test.each([
    'yes',
    'no',
    'on',
    'null',
    '~',
    '1:30',
    '22:22',
    '0o17',
    '1e3',
    '.inf',
    '0x1F',
    '2026-11-24',
    '',
    ' ',
    '- a',
    '#c',
    '*a',
    '&a',
    '!t',
    '%d',
    '@a',
    '`a`',
    "it's",
    '"q"',
    'a: b',
    'a #b',
  ])('what looks like something else stays text: %j', (value) => {
    const text = composeYaml({ value, list: [value] }, '');
    for (const version of ['1.1', '1.2'] as const)
      expect(parse(text, { version })).toEqual({ value, list: [value] });
  });

  test('a dollar is doubled, save in an interpolation', () => {
    expect(parse(composeYaml({ plain: 'a$b${C}', variable: new Interpolation('${C:?set C}') }, ''))).toEqual({
      plain: 'a$$b$${C}',
      variable: '${C:?set C}',
    });
  });

  test('a comment cannot leave its line', () => {
    const text = composeYaml(
      { a: new Commented('x', 'one\nprivileged: true'), b: new Commented({ c: 1 }, 'two\ninjected: 1') },
      'three\ninjected: 2',
    );
    expect(parse(text)).toEqual({ a: 'x', b: { c: 1 } });
  });
});
