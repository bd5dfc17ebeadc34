import { describe, expect, test } from 'vitest';
import { renderNginx } from '../../src/render/nginx/index.ts';
import { edgeStack, fullEdgeStack } from '../fixtures/edge.ts';

const text = [...renderNginx(fullEdgeStack()), ...renderNginx(edgeStack({ logIpv6: 'last-segment' }))]
  .map(({ content }) => content)
  .join('\n');

/**
 * With what is possessive (`x++`, `(?:…)*+`) in the way this engine has for it: a lookahead, which is never gone back
 * into, and what it captured.
 */
function withoutPossessive(source: string): string {
  const starts: number[] = [];
  let out = '';
  let names = 0;
  for (let rest = source; rest; ) {
    const [token] = /^(?:\\.|\[(?:[^\]\\]|\\.)+\]|[\s\S])/.exec(rest)!;
    rest = rest.slice(token.length);
    const start = token === ')' ? starts.pop()! : out.length;
    if (token === '(') starts.push(start);
    out += token;
    const [, times] = /^([+*])\+/.exec(rest) ?? [];
    if (times === undefined) continue;
    const name = `possessive${names++}`;
    out = `${out.slice(0, start)}(?=(?<${name}>${out.slice(start)}${times}))\\k<${name}>`;
    rest = rest.slice(2);
  }
  return out;
}

/** Every regular expression in maps, locations and directives, translated to this engine's syntax. */
const patterns = [
  ...new Set(
    [...text.matchAll(/"~(\*?)((?:[^"\\]|\\.)+)"|(?:location|if \(\$\w+) ~(\*?) "((?:[^"\\]|\\.)+)"/g)].map(
      ([, star, map, locationStar, location]) => `${star ?? locationStar ?? ''} ${map ?? location}`,
    ),
  ),
].map((entry) => {
  const [star, ...rest] = entry.split(' ');
  const source = rest.join(' ');
  const flags = `${star === '*' || source.includes('(?i)') ? 'i' : ''}${source.includes('(?s)') ? 's' : ''}`;
  return [source, new RegExp(withoutPossessive(source.replace(/\(\?[is]\)/g, '')), flags)] as const;
});

const size = 8192;
const repeated = [
  'a',
  '/',
  '.',
  ' ',
  ',',
  '&',
  '%',
  '=',
  ':',
  '::',
  '0:',
  '\\',
  '"',
  '\xff',
  'a.',
  'token',
  'a=b&',
  '&a',
  'abc def ',
  ';',
  '/.',
  'OPTIONS:',
  'https://',
  '-a',
  '1.',
];
const hostile = repeated.flatMap((unit) => {
  const body = unit.repeat(size / unit.length);
  return [
    body,
    `${body}!`,
    `/${body}`,
    `/admin${body}`,
    `1:OPTIONS:https://${body}:`,
    `https://a${body}`,
    `::${body}`,
  ];
});

/** The best of several runs: what the pattern costs, not what the machine was doing. */
function milliseconds(pattern: RegExp, input: string): number {
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 5; run++) {
    const start = performance.now();
    pattern.test(input);
    best = Math.min(best, performance.now() - start);
    if (best < 0.5) break;
  }
  return best;
}

describe('#43 what the access log keeps of a query', () => {
  const map = /map \$args \$log_args \{([^}]+?)\n\}/s.exec(
    text.replaceAll(/\{\d+,\d+\}/g, (count) => count.replace('{', '<').replace('}', '>')),
  )![1]!;
  const rules = [...map.matchAll(/"~(\*?)((?:[^"\\]|\\.)+)" (\S+);/g)].map(([, star, source, kept]) => ({
    pattern: new RegExp(source!.replace(/<(\d+,\d+)>/g, '{$1}'), star ? 'i' : ''),
    kept: kept!,
  }));
  /** nginx takes the first expression that matches. */
  const logged = (query: string) => rules.find(({ pattern }) => pattern.test(query))?.kept;

  test.each([
    'token=a',
    'key=a',
    'x=1&key=a',
    'KEY=a',
    'pass=a',
    'sid=a',
    'PHP.sid=a',
    'x=1&ticket=a',
    'pin=a',
    'access_key=a',
    'accesskey=a',
    'private_key=a',
    'ssh-key=a',
    'privateKey=a',
    'SAMLResponse=a',
    'x;pin=a',
    'a=1&k%65y=a',
    'a=1;k%65y=a',
    'a=1&%4Bey=a',
    'PHPSESSID=a',
    'phpsessid=a',
    'JSESSIONID=a',
    'appkey=a',
    'masterkey=a',
    'ENCRYPTIONKEY=a',
    'a=1&enc_key=a',
    'dbpass=a',
    'pass[]=a',
    'a=1&key[]=a',
    'key[0][x]=a',
    'user[pass]=a',
    'pass%5B%5D=a',
    'bearer=a',
    'assertion=a',
    'refresh=a',
    'hmac=a',
    't=eyJhbGciOiJIUzI1NiJ9.e30.x',
    'a=1&whatever=x.eyJhbGciOiJIUzI1NiJ9',
  ])('%s is redacted', (query) => {
    expect(logged(query)).toBe('"[redacted]"');
  });

  test.each([
    'page=2&sort=name',
    'monkey=1',
    'bypass=1',
    'shipping=fast',
    'inside=1',
    'keys=1',
    'q=key',
    'refreshed=1',
    'q=eyJ',
    'ids[]=1',
  ])('%s is kept', (query) => {
    expect(logged(query)).toBe('$log_args_ok');
  });
});

describe('#48 regular expressions', () => {
  test('all of them were found', () => {
    expect(patterns.length).toBeGreaterThan(25);
  });

  test.each(patterns)('%s takes less than 1 ms for 8 kB of anything', (_source, pattern) => {
    const slow = hostile
      .map((input) => [milliseconds(pattern, input), input.slice(0, 40)] as const)
      .filter(([ms]) => ms >= 1);
    expect(slow).toEqual([]);
  });

  test.each(patterns)('%s repeats no group that repeats inside', (source) => {
    expect(source).not.toMatch(/[+*}]\)[+*{]/);
  });
});
