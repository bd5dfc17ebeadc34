import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nginxQuoted, nginxRegex, nginxString } from '../../src/render/quote/nginx.ts';

const hostile = ['$foo', 'a"; } } server { ', 'a\nreturn 200;', 'a\\', '\u0000', '\u0085', '${x}', '"'];

/** Reads one token the way nginx's own parser does; what is left is what an injection would have gained. */
function readToken(text: string): { value: string; rest: string } {
  const quoted = text.startsWith('"');
  let value = '';
  let i = quoted ? 1 : 0;
  for (; i < text.length; i++) {
    const char = text[i]!;
    if (quoted ? char === '"' : /[\s;{]/.test(char)) break;
    if (char === '\\') i++;
    value += text[i];
  }
  return { value, rest: text.slice(quoted ? i + 1 : i) };
}

describe('nginxString', () => {
  test.each([...hostile, 'a;b', '{', '}'])('refuses %j', (value) => {
    expect(() => nginxString(value)).toThrow(TypeError);
  });

  test('any accepted value is exactly one token without variables', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const quoted = attempt(() => nginxString(value));
        if (quoted === undefined) {
          expect(value).toMatch(/["\\${};\p{Cc}]/u);
          return;
        }
        expect(readToken(`${quoted};`)).toEqual({ value, rest: ';' });
        expect(quoted).not.toContain('$');
      }),
    );
  });
});

describe('nginxQuoted', () => {
  test.each(hostile)('refuses %j', (value) => {
    expect(() => nginxQuoted(value)).toThrow(TypeError);
  });

  test('keeps ; and braces as text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(';', '{', '}', ' ', "'", '#', 'a') }), (value) => {
        expect(readToken(`${nginxQuoted(value)};`)).toEqual({ value, rest: ';' });
      }),
    );
  });
});

describe('nginxRegex', () => {
  test.each(hostile)('refuses %j', (value) => {
    expect(() => nginxRegex(value)).toThrow(TypeError);
  });

  test('matches exactly the text it was made from', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (value, other) => {
        const pattern = attempt(() => nginxRegex(value));
        if (pattern === undefined) {
          expect(value).toMatch(/["\\$;\p{Cc}]/u);
          return;
        }
        const regex = new RegExp(`^${pattern}$`);
        expect(regex.test(value)).toBe(true);
        expect(regex.test(other)).toBe(other === value);
      }),
    );
  });
});

function attempt<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}
