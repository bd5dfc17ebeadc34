import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { markdownCode, markdownText } from '../../src/render/quote/markdown.ts';
import { nftToken } from '../../src/render/quote/nft.ts';
import { shellWord } from '../../src/render/quote/shell.ts';

const anyText = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom(...'\'"\\`$;&|<>(){}*?#!~ \t\n-=a') }),
);

describe('shellWord', () => {
  test('real shells read back any text as one argument', () => {
    const words = fc
      .sample(
        anyText.filter((text) => !text.includes('\0')),
        { numRuns: 400, seed: 7 },
      )
      .map((text) => Buffer.from(text).toString());
    for (const shell of ['dash', 'bash']) {
      const script = words.map((word) => `printf '%s\\0' ${shellWord(word)}`).join('\n');
      const out = execFileSync(shell, ['-c', script], {
        encoding: 'utf8',
        env: { PATH: process.env['PATH'] },
      });
      expect(out.split('\0').slice(0, -1)).toEqual(words);
    }
  });

  test('an empty text is still a word, and NUL is refused', () => {
    expect(shellWord('')).toBe("''");
    expect(() => shellWord('a\0b')).toThrow(TypeError);
  });

  test('plain words stay readable', () => {
    expect(shellWord('docker-compose.yml')).toBe('docker-compose.yml');
    expect(shellWord('two words')).toBe("'two words'");
  });
});

describe('markdownText', () => {
  test('never leaves a line, a cell, markup or HTML', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const out = markdownText(text);
        expect(out).not.toMatch(/[\n\r<>]/);
        // Every character with a meaning in running text stands behind a backslash of its own.
        expect(out.replace(/\\[\\`*[\]|~_]/g, '')).not.toMatch(/[\\`*[\]|~]/);
      }),
    );
  });

  test('ordinary words stay as they are', () => {
    expect(markdownText('POSTGRES_APP_PASSWORD of web-api (2 of 3)')).toBe(
      'POSTGRES_APP_PASSWORD of web-api (2 of 3)',
    );
    expect(markdownText('a|b <script> *x* _y_')).toBe('a\\|b &lt;script&gt; \\*x\\* \\_y\\_');
  });
});

describe('markdownCode', () => {
  test('the fence is longer than any run of backticks inside', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const out = markdownCode(text);
        const fence = /^`+/.exec(out)![0];
        expect(out.endsWith(fence)).toBe(true);
        const inside = out.slice(fence.length, -fence.length);
        expect(inside).not.toMatch(new RegExp(`(?<!\`)${fence}(?!\`)`));
        expect(out).not.toMatch(/[\n\r]/);
        expect(out.replaceAll('\\|', '')).not.toContain('|');
      }),
    );
  });
});

test('nftToken lets nothing through that could end a statement', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      let out: string;
      try {
        out = nftToken(text);
      } catch (error) {
        expect(error).toBeInstanceOf(TypeError);
        return;
      }
      expect(out).toBe(text);
      expect(out).toMatch(/^[A-Za-z0-9_.:/*-]+$/);
    }),
  );
});
