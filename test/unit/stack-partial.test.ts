import { describe, expect, test } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { parseStackDocument, readSpec } from '../../src/stack/load.ts';

const HEAD = `version: 1
name: shop
environment: production
domains: [shop.example.com, shop.example.com]
tls: {mode: acme, terms: accepted}
`;

/** Without file, line and column. */
function problems(text: string): string[] {
  try {
    readSpec(parseStackDocument(text, 'stack.yaml'));
    return [];
  } catch (error) {
    if (error instanceof UserError)
      return error.problems.map(({ path, message }) => `${path}: ${message}`).sort();
    throw error;
  }
}

const SAME = 'domains[1]: is the same name as "shop.example.com"';

describe('a wrong answer hides no mistake elsewhere', () => {
  test('among domains, needs, circles and ports', () => {
    const text = `${HEAD}apps:
  a: {image: sample, port: 0, needs: [b, nothing]}
  b: {image: sample, needs: [a], expose: [{port: 1, hostPort: 443, allow: [10.0.0.1]}]}
edge: {workers: many}
`;
    expect(problems(text)).toEqual([
      'apps.a.needs[1]: is not in this stack: "nothing"',
      'apps.a.port: must be at least 1, not 0',
      'apps.b.expose[0].hostPort: host port 443 is already used by the edge',
      'apps.b.needs: go round in a circle: a → b → a',
      SAME,
      'edge.workers: must be a number, not "many"',
    ]);
  });

  test('also where a key is missing at the top or inside', () => {
    expect(
      problems(`${HEAD.replace('name: shop\n', '')}apps: {a: {build: {dockerfile: D}, needs: [b]}}\n`),
    ).toEqual([
      'apps.a.build.context: is missing',
      'apps.a.needs[0]: is not in this stack: "b"',
      SAME,
      'name: is missing',
    ]);
  });
});

describe('one wrong item of a list hides nothing about the others', () => {
  test('domains: each at its own place', () => {
    const list = '[example.com, "a;b", EXAMPLE.com, münchen.de, "-.de", xn--mnchen-3ya.de]';
    expect(problems(HEAD.replace('[shop.example.com, shop.example.com]', list))).toEqual([
      'domains[1]: must not contain ";"',
      'domains[2]: is the same name as "example.com"',
      'domains[4]: has a part that starts or ends with "-" or holds other than letters, digits and "-"',
      'domains[5]: is the same name as "münchen.de"',
    ]);
  });

  test('routes: their hosts', () => {
    const routes = '[{path: "//e"}, {host: other.example.com}, {path: 5}, {path: /a}]';
    expect(
      problems(`${HEAD.replace(', shop.example.com', '')}apps: {a: {image: sample, routes: ${routes}}}\n`),
    ).toEqual([
      expect.stringMatching(/^apps\.a\.routes\[0\]\.path: must /),
      'apps.a.routes[1].host: is not one of the domains: shop.example.com',
      'apps.a.routes[2].path: must be text, not 5',
    ]);
  });

  test('an item wrong in two ways takes no other with it', () => {
    expect(
      problems(
        `${HEAD.replace(', shop.example.com', '')}apps: {a: {image: sample, writable: ["a..\\n", /b], needs: [c]}}\n`,
      ),
    ).toContain('apps.a.needs[0]: is not in this stack: "c"');
  });
});

describe('nothing is said that hinges on a wrong answer', () => {
  const head = HEAD.replace(', shop.example.com', '');
  test.each<[string, string, string[]]>([
    [
      'a host, while a domain is wrong',
      `${head.replace('shop.example.com', '"a;b"')}apps: {a: {image: sample, routes: [{host: x.example.com}]}}\n`,
      ['domains[0]: must not contain ";"'],
    ],
    [
      'a need, while an app has a wrong name',
      `${head}apps: {Api: {image: sample}, b: {image: sample, needs: [api]}}\n`,
      ['apps.Api: must be lower-case letters, digits and "-", start with a letter, at most 30 characters'],
    ],
    [
      'the source of an app, while its image is wrong',
      `${head}apps: {a: {image: "A B"}}\n`,
      ['apps.a.image: must be an image name such as ghcr.io/acme/web:1.4.2'],
    ],
    [
      'a route, while the host of another is wrong',
      `${head}apps: {a: {image: sample, routes: [{host: "a;b"}, {path: /}]}, b: {image: sample, routes: [{path: /x}]}}\n`,
      ['apps.a.routes[0].host: must not contain ";"'],
    ],
    [
      'a host port, while the port of the edge is wrong',
      `${head}edge: {ports: {http: 0}}\napps: {a: {image: sample, expose: [{port: 1, hostPort: 80, allow: [10.0.0.1]}]}}\n`,
      ['edge.ports.http: must be at least 1, not 0'],
    ],
    [
      'a service for development, while the environment is wrong',
      `${head.replace('production', 'prod')}services: {mailpit: {}}\n`,
      ['environment: must be development, staging or production, not "prod"'],
    ],
  ])('%s', (_what, text, expected) => {
    expect(problems(text)).toEqual(expected);
  });
});

describe('names that every object has', () => {
  const head = HEAD.replace(', shop.example.com', '');
  test.each(['constructor', '__proto__', 'prototype'])('an app called %s is refused', (name) => {
    expect(problems(`${head}apps: {${name}: {image: sample}}\n`)).toContain(
      `apps.${name}: is a reserved name; choose another one`,
    );
  });

  test.each(['constructor', 'valueof', 'toString', '__proto__'])('%s is no app that is there', (name) => {
    const found = problems(
      `${head}apps: {a: {image: sample, needs: [${name}], secrets: {KEY: {sharedWith: [${name}]}}}}\n`,
    );
    expect(found.length).toBeGreaterThan(0);
    expect(found.join('\n')).toMatch(/apps\.a\.(needs|secrets)/);
  });

  test('a secret called toString is not set under environment as well', () => {
    expect(problems(`${head}apps: {a: {image: sample, secrets: {toString: {}}}}\n`)).toEqual([]);
  });
});

describe('folders', () => {
  const head = HEAD.replace(', shop.example.com', '');
  const own =
    'certs secrets .secure-stack nginx firewall acme .git .env file-server postgres stack.yaml'.split(' ');

  test.each([
    '.',
    './',
    'site/..',
    '..',
    '../../etc',
    '/etc',
    'site/../certs',
    './certs/live',
    'Certs/live',
    ...own,
    ...own.map((name) => `${name}/x`),
  ])('%s is neither served nor mounted', (folder) => {
    expect(problems(`${head}apps: {a: {static: {folder: ${folder}}}}\n`)).toEqual([
      expect.stringMatching(/^apps\.a\.static\.folder: /),
    ]);
    expect(problems(`${head}apps: {a: {image: "x:1", upstreamTls: {folder: ${folder}}}}\n`)).toEqual([
      expect.stringMatching(/^apps\.a\.upstreamTls\.folder: /),
    ]);
  });

  test.each(['site', './dist', 'web/dist', 'certificates', 'web/certs'])('%s is', (folder) => {
    expect(problems(`${head}apps: {a: {static: {folder: ${folder}}}}\n`)).toEqual([]);
  });

  test.each(['..', '../..', 'a/../..', 'certs', './secrets', '.git', '/srv/app'])(
    'no image is built from %s',
    (context) => {
      expect(problems(`${head}apps: {a: {build: {context: ${context}}}}\n`)).toEqual([
        expect.stringMatching(/^apps\.a\.build\.context: /),
      ]);
    },
  );

  test.each(['.', './web', '../web', 'web'])('an image is built from %s', (context) => {
    expect(problems(`${head}apps: {a: {build: {context: ${context}}}}\n`)).toEqual([]);
  });
});
