import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cidrProblem, domainCovers, parseDomain } from '../../src/stack/domains.ts';

describe('parseDomain', () => {
  test.each([
    ['example.com', 'example.com', 'name', true],
    ['Shop.Example.COM', 'shop.example.com', 'name', true],
    ['bücher.de', 'xn--bcher-kva.de', 'name', true],
    ['xn--bcher-kva.de', 'xn--bcher-kva.de', 'name', true],
    ['*.example.com', '*.example.com', 'wildcard', true],
    ['localhost', 'localhost', 'localhost', false],
    ['app.localhost', 'app.localhost', 'name', false],
    ['shop.internal', 'shop.internal', 'name', false],
    ['203.0.113.7', '203.0.113.7', 'ip', false],
    ['2001:DB8::1', '2001:db8::1', 'ip', false],
    ['[2001:db8:0:0::1]', '2001:db8::1', 'ip', false],
  ])('%s', (raw, ascii, kind, isPublic) => {
    expect(parseDomain(raw)).toMatchObject({ ascii, kind, public: isPublic });
  });

  test.each([
    ['', 'empty'],
    ['example.com/path', '"/"'],
    ['https://example.com', 'without https'],
    ['example.com:8443', 'port'],
    ['example.com\nserver_name evil', 'line breaks'],
    ['exam ple.com', 'spaces'],
    ['example.com;', '";"'],
    ['exa"mple.com', '"\\""'],
    ["exa'mple.com", '"\'"'],
    ['$(id).com', '"$"'],
    ['a{b}.com', '"{"'],
    ['１example.com', 'look-alike'],
    ['ⓔxample.com', '"ⓔ"'],
    ['example。com', '"。"'],
    ['exa\u200bmple.com', 'invisible'],
    ['-a.example.com', '"-"'],
    ['a..example.com', 'empty part'],
    ['example.com.', 'dot'],
    ['com', 'two parts'],
    ['256.1.1.1', 'IPv4'],
    ['1.2.3', 'IPv4'],
    ['*.localhost', 'localhost'],
    ['*.203.0.113.7', 'wildcard'],
    ['a.*.example.com', '"*"'],
    ['fe80::1%eth0', 'zone'],
    [`${'a'.repeat(64)}.com`, '63'],
    [`${'a.'.repeat(130)}com`, '253'],
  ])('refuses %j', (raw, hint) => {
    expect(() => parseDomain(raw)).toThrow(hint);
  });

  test('whatever it accepts can stand in nginx, YAML and a shell unquoted', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'grapheme' }), fc.domain(), fc.webUrl()), (raw) => {
        let ascii: string;
        try {
          ascii = parseDomain(raw).ascii;
        } catch {
          return;
        }
        expect(ascii).toMatch(/^(\*\.)?[a-z0-9.:-]+$/);
      }),
      { numRuns: 2000 },
    );
  });
});

test('a wildcard covers one level', () => {
  expect(domainCovers('*.example.com', 'a.example.com')).toBe(true);
  expect(domainCovers('*.example.com', 'a.b.example.com')).toBe(false);
  expect(domainCovers('*.example.com', 'example.com')).toBe(false);
  expect(domainCovers('example.com', 'example.com')).toBe(true);
});

test.each(['10.0.0.0/8', '203.0.113.7', '2001:db8::/32', '::1', '0.0.0.0/0'])('%s is a CIDR', (text) => {
  expect(cidrProblem(text)).toBeUndefined();
});

test.each([
  '10.0.0.0/33',
  '10.0.0',
  '10.0.0.0/',
  '::/129',
  'a/8',
  '10.0.0.0/8/8',
  '10.0.0.0/08a',
  'fe80::1%eth0/64',
  '10.0.0.0/8; reboot',
])('%s is not a CIDR', (text) => {
  expect(cidrProblem(text)).toBeDefined();
});
