import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { buildStack } from '../../src/stack/build.ts';
import { changeAnswer, newStackDocument, newStackText } from '../../src/stack/document.ts';
import { parseStackDocument, plainAnswers, readSpec } from '../../src/stack/load.ts';
import { presets } from '../../src/stack/presets.ts';
import type { StackInput } from '../../src/stack/schema.ts';

const HEAD = `version: 1
name: shop
environment: production
domains: [shop.example.com]
tls: {mode: acme, terms: accepted}
`;

function problems(text: string): string[] {
  try {
    readSpec(parseStackDocument(text, 'stack.yaml'));
    return [];
  } catch (error) {
    if (error instanceof UserError) return error.message.split('\n');
    throw error;
  }
}

test('a minimal file is complete', () => {
  const spec = readSpec(parseStackDocument(HEAD, 'stack.yaml'));
  expect(spec).toMatchObject({
    apps: {},
    services: {},
    edge: { ports: { http: 80, https: 443 } },
    firewall: { sshPorts: [22] },
  });
});

test('a service without options is a service with the defaults', () => {
  const spec = readSpec(parseStackDocument(`${HEAD}services:\n  postgres:\n`, 'stack.yaml'));
  expect(spec.services['postgres']).toMatchObject({
    version: 18,
    database: 'app',
    limits: { memory: '512m' },
  });
});

test.each([
  '10.0.0.0/8',
  '10.231.0.0/16',
  '172.16.0.0/12',
  '172.31.255.0/24',
  '192.168.7.0/24',
  '100.127.0.0/16',
])('networks may be cut from %s', (pool) => {
  expect(problems(`${HEAD}network: {pool: ${pool}}\n`)).toEqual([]);
});

test('a pool that is too small is told as one', () => {
  const apps = Array.from({ length: 17 }, (_, n) => `  app${n}: {image: "acme/a:1", egress: true}\n`).join(
    '',
  );
  const source = parseStackDocument(`${HEAD}network: {pool: 10.0.0.0/24}\napps:\n${apps}`, 'stack.yaml');
  expect(() => buildStack(readSpec(source))).toThrow(
    new UserError({ path: 'network.pool', message: '10.0.0.0/24 is too small for the stack’s networks' }),
  );
});

describe('reports with line, all at once', () => {
  test.each<[string, string, string[]]>([
    [
      'a misspelt key',
      `${HEAD}firewal: {}\n`,
      ['stack.yaml:6:1: firewal: is not a known setting (did you mean "firewall"?)'],
    ],
    [
      'a misspelt nested key',
      `${HEAD}apps:\n  web:\n    image: sample\n    rotues: []\n`,
      ['stack.yaml:9:5: apps.web.rotues: is not a known setting (did you mean "routes"?)'],
    ],
    [
      'a misspelt service',
      `${HEAD}services: {postgress: {}}\n`,
      ['stack.yaml:6:12: services.postgress: is not a known setting (did you mean "postgres"?)'],
    ],
    [
      'a wrong choice',
      HEAD.replace('production', 'prodction'),
      [
        'stack.yaml:3:14: environment: must be development, staging or production, not "prodction" (did you mean "production"?)',
      ],
    ],
    [
      'a wrong type',
      `${HEAD}apps: {web: {image: sample, port: "80"}}\n`,
      ['stack.yaml:6:35: apps.web.port: must be a number, not "80"'],
    ],
    [
      'mounts on one path, however it is written',
      `${HEAD}apps:
  web:
    image: acme/web:1
    writable: [/tmp, /cache, /cache/]
    volumes: [{name: a, path: /data}, {name: b, path: /data/}, {name: c, path: /tmp/.}, {name: d, path: /./}]
  static:
    image: acme/static:1
    volumes: [{name: a, path: /tmp}, {name: a, path: /data}, {name: b, path: /data/inside}]
`,
      [
        'stack.yaml:9:30: apps.web.writable[2]: is the path of what is held in memory (writable, /tmp by default) already',
        'stack.yaml:10:55: apps.web.volumes[1].path: is the path of the volume "a" already',
        'stack.yaml:10:80: apps.web.volumes[2].path: is the path of what is held in memory (writable, /tmp by default) already',
        'stack.yaml:10:105: apps.web.volumes[3].path: is the whole file system',
        'stack.yaml:13:31: apps.static.volumes[0].path: is the path of what is held in memory (writable, /tmp by default) already',
      ],
    ],
    [
      'volumes of two apps that would be one',
      `${HEAD}apps:
  a: {image: "acme/a:1", volumes: [{name: b-c, path: /data}]}
  a-b: {image: "acme/a:1", volumes: [{name: c, path: /data}]}
`,
      ['stack.yaml:8:45: apps.a-b.volumes[0].name: makes the name a-b-c, as a volume of "a" does'],
    ],
    [
      'an env file for the folder of the secrets',
      `${HEAD}secrets: {location: /etc/shop/prod.env}\n`,
      [
        'stack.yaml:6:21: secrets.location: must be a folder such as /etc/shop; the env file in it is called <name>-<environment>.env',
      ],
    ],
    ...['8.8.8.0/24', '172.0.0.0/8', '172.32.0.0/16', '192.0.0.0/8', '100.128.0.0/16', '0.0.0.0/8'].map(
      (pool): [string, string, string[]] => [
        `addresses of others: ${pool}`,
        `${HEAD}network: {pool: ${pool}}\n`,
        [
          'stack.yaml:6:17: network.pool: must lie in 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10: the rest are public addresses, which the host would no longer reach',
        ],
      ],
    ),
    ...['PATH', 'HOME', 'LD_PRELOAD', 'LD_LIBRARY_PATH', 'NODE_OPTIONS', 'BASH_ENV', 'PYTHONPATH'].map(
      (name): [string, string, string[]] => [
        `a secret called ${name}`,
        `${HEAD}apps: {web: {image: "acme/web:1", secrets: {${name}: {}}, environment: {PATH: /bin}}}\n`,
        [
          `stack.yaml:6:45: apps.web.secrets.${name}: is a name that shells or runtimes obey, which no secret can have`,
        ],
      ],
    ),
    ['a missing key', HEAD.replace('name: shop\n', ''), ['stack.yaml: name: is missing']],
    [
      'a wrong version',
      HEAD.replace('version: 1', 'version: 2'),
      ['stack.yaml:1:10: version: must be 1, not 2'],
    ],
    [
      'several mistakes',
      `${HEAD}apps:\n  web: {image: sample, port: 0}\n  Api: {image: sample}\nnetworks: 1\n`,
      [
        'stack.yaml:7:30: apps.web.port: must be at least 1, not 0',
        'stack.yaml:8:3: apps.Api: must be lower-case letters, digits and "-", start with a letter, at most 30 characters',
        'stack.yaml:9:1: networks: is not a known setting (did you mean "network"?)',
      ],
    ],
    [
      'a domain that is none',
      HEAD.replace('shop.example.com', 'shop.example.com, "a;b.com"'),
      ['stack.yaml:4:29: domains[1]: must not contain ";"'],
    ],
    [
      'a domain twice',
      HEAD.replace('[shop.example.com]', '[bücher.de, xn--bcher-kva.de]'),
      ['stack.yaml:4:22: domains[1]: is the same name as "bücher.de"'],
    ],
    [
      'a private name with acme',
      HEAD.replace('shop.example.com', 'shop.test'),
      [
        'stack.yaml:4:11: domains[0]: no public authority issues certificates for this name (use tls.mode "dev-ca")',
      ],
    ],
    [
      'acme without a word about the terms',
      HEAD.replace(', terms: accepted', ''),
      [
        'stack.yaml:5:1: tls.terms: is missing; the authority issues to nobody who has not accepted its terms of service (read them, then set "accepted"; for Let’s Encrypt: https://letsencrypt.org/repository/)',
      ],
    ],
    [
      'a wildcard over HTTP-01',
      HEAD.replace('shop.example.com', '"*.example.com"'),
      [
        'stack.yaml:4:11: domains[0]: a wildcard cannot be had by ACME over HTTP (list the hosts, set tls.dns, or use tls.mode "files")',
      ],
    ],
    [
      'a secret of the DNS provider in the committed file too',
      HEAD.replace('accepted}', 'accepted, dns: {provider: a, secrets: [T], environment: {T: x}}}'),
      ['stack.yaml:5:65: tls.dns.secrets[0]: is given twice'],
    ],
    [
      'staging of another authority',
      HEAD.replace('accepted}', 'accepted, staging: true, directory: https://ca.test/dir}'),
      [
        'stack.yaml:5:45: tls.staging: is about Let’s Encrypt; with a directory of your own, name its staging directory there',
      ],
    ],
    [
      'staging without an authority to ask',
      HEAD.replace('{mode: acme, terms: accepted}', '{mode: dev-ca, staging: true}'),
      ['stack.yaml:5:21: tls.staging: belongs to mode "acme", not "dev-ca"'],
    ],
    [
      'a directory that would end the line of a shell or of nginx',
      HEAD.replace('accepted}', 'accepted, directory: "https://ca.test/; x"}'),
      ['stack.yaml:5:47: tls.directory: must be an https:// address'],
    ],
    [
      'an unknown need',
      `${HEAD}services: {postgres: {}}\napps: {web: {image: sample, needs: [postgre]}}\n`,
      ['stack.yaml:7:37: apps.web.needs[0]: is not in this stack: "postgre" (did you mean "postgres"?)'],
    ],
    [
      'a need that the catalogue has',
      `${HEAD}apps: {web: {image: sample, needs: [redis]}}\n`,
      ['stack.yaml:6:37: apps.web.needs[0]: is not in this stack: "redis" (add it under services)'],
    ],
    [
      'a service misspelt that is in the catalogue alone',
      `${HEAD}apps: {web: {image: sample, needs: [postgress]}}\n`,
      [
        'stack.yaml:6:37: apps.web.needs[0]: is not in this stack: "postgress" (did you mean "postgres"? It is to be added under services)',
      ],
    ],
    [
      'a number in quotes',
      `${HEAD}services: {postgres: {version: "17"}}\n`,
      ['stack.yaml:6:32: services.postgres.version: must be 17 or 18, not "17" (a number, without quotes)'],
    ],
    [
      'two documents',
      `${HEAD}---\nversion: 1\n`,
      ['stack.yaml:6:1: a second document starts here; the file must hold one'],
    ],
    [
      'a circle of needs',
      `${HEAD}apps:\n  a: {image: sample, needs: [b]}\n  b: {image: sample, needs: [c]}\n  c: {image: sample, needs: [a]}\n`,
      ['stack.yaml:9:29: apps.c.needs: go round in a circle: a → b → c → a'],
    ],
    [
      'a reserved name',
      `${HEAD}apps: {edge: {image: sample}}\n`,
      ['stack.yaml:6:8: apps.edge: is a reserved name; call the app something else'],
    ],
    [
      'two apps on one route',
      `${HEAD}apps:\n  a: {image: sample, routes: [{path: /x}]}\n  b: {image: sample, routes: [{path: /x/}]}\n`,
      ['stack.yaml:8:31: apps.b.routes[0]: has the host and path of a route of "a"'],
    ],
    [
      'a host that is no domain',
      `${HEAD}apps: {a: {image: sample, routes: [{host: b.example.com}]}}\n`,
      ['stack.yaml:6:43: apps.a.routes[0].host: is not one of the domains: shop.example.com'],
    ],
    [
      'a host port twice',
      `${HEAD}apps: {a: {image: sample, expose: [{port: 1, hostPort: 443, allow: [10.0.0.1]}]}}\n`,
      ['stack.yaml:6:56: apps.a.expose[0].hostPort: host port 443 is already used by the edge'],
    ],
    [
      'an opening for whom an app does not let in',
      `${HEAD}apps: {a: {image: sample, expose: [{port: 1, hostPort: 9000, allow: [10.0.0.1]}]}}\nfirewall: {openings: [{port: 9000, from: [anywhere]}]}\n`,
      ['stack.yaml:7:30: firewall.openings[0].port: port 9000 is already used by app "a"'],
    ],
    [
      'an opening for nobody',
      `${HEAD}firewall: {openings: [{port: 9100, from: []}]}\n`,
      ['stack.yaml:6:42: firewall.openings[0].from: must name a source; the word "anywhere" is one'],
    ],
    [
      'an exposed port open to all',
      `${HEAD}apps: {a: {image: sample, expose: [{port: 1, hostPort: 9000, allow: []}]}}\n`,
      [
        'stack.yaml:6:69: apps.a.expose[0].allow: must list the addresses that may connect; this port passes by the edge (or bind it with address: 127.0.0.1)',
      ],
    ],
    [
      'an image without a tag',
      `${HEAD}apps: {a: {image: ghcr.io/acme/web}}\n`,
      [
        'stack.yaml:6:19: apps.a.image: needs a fixed tag, such as :1.4.2; without one it means "latest", which changes under you',
      ],
    ],
    [
      'root',
      `${HEAD}apps: {a: {image: sample, user: "0:0"}}\n`,
      ['stack.yaml:6:33: apps.a.user: must be numeric uid:gid, not root, such as 1000:1000'],
    ],
    [
      'a mail catcher in production',
      `${HEAD}services: {mailpit: {}}\n`,
      ['stack.yaml:6:12: services.mailpit: is not for production; it is a mail catcher for development'],
    ],
    ['tabs', 'version: 1\n\tname: x\n', ['stack.yaml:2:1: tabs are not allowed as indentation']],
    ['a key twice', `${HEAD}name: other\n`, ['stack.yaml:6:1: map keys must be unique']],
    ['a list at the top', '- 1\n', ['stack.yaml:1: must hold a mapping that starts with "version: 1"']],
    ['an empty file', '', ['stack.yaml:1: must hold a mapping that starts with "version: 1"']],
    [
      'an alias',
      `${HEAD}apps: {a: &a {image: sample}, b: *a}\n`,
      ['stack.yaml: must not use YAML anchors and aliases'],
    ],
  ])('%s', (_name, text, expected) => {
    expect(problems(text)).toEqual(expected);
  });
});

test('arbitrary text never crashes it: a stack or a UserError', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.string({ unit: 'binary' }),
        fc.json().map((json) => `${HEAD}apps: ${json}\n`),
      ),
      (text) => {
        problems(text);
      },
    ),
    { numRuns: 500 },
  );
}, 60_000);

test('an alias bomb is refused at once', () => {
  const bomb = `a: &a [x,x,x]\n${[...'bcdefghij'].map((key, index) => `${key}: &${key} [*${'abcdefghi'[index]},*${'abcdefghi'[index]},*${'abcdefghi'[index]}]`).join('\n')}\n`;
  expect(problems(bomb)).toEqual(['stack.yaml: must not use YAML anchors and aliases']);
});

describe('changing an answer', () => {
  const text = `# mine\n${HEAD.replace('tls: {mode: acme, terms: accepted}', "tls:   { mode: 'acme', terms: accepted }   # from the authority")}apps:\n    web: {image: sample} # the shop\n`;
  const source = parseStackDocument(text, 'stack.yaml');

  test('touches no other character', () => {
    expect(changeAnswer(source, ['environment'], 'staging').text).toBe(text.replace('production', 'staging'));
    expect(changeAnswer(source, ['tls', 'mode'], 'dev-ca').text).toBe(text.replace("'acme'", 'dev-ca'));
    expect(changeAnswer(source, ['domains', 0], '*.example.com').text).toBe(
      text.replace('shop.example.com', '"*.example.com"'),
    );
  });

  test('and changing it back gives the first text again', () => {
    const there = changeAnswer(source, ['environment'], 'staging');
    expect(changeAnswer(there, ['environment'], 'production').text).toBe(text);
  });

  test('a key that comes or goes leaves comments and values', () => {
    const more = changeAnswer(source, ['edge', 'workers'], 3);
    expect(more.text).toContain('# the shop');
    expect(readSpec(more)).toMatchObject({ edge: { workers: 3 }, tls: { mode: 'acme', terms: 'accepted' } });
    expect(readSpec(changeAnswer(more, ['edge'], undefined)).edge.workers).toBe(2);
  });

  test('any scalar in place of any other reads back as itself, in block and flow context', () => {
    const scalar = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom(...':#,[]{}&*!|>%@`"\' -yesno1') }),
      fc.integer(),
      fc.boolean(),
    );
    fc.assert(
      fc.property(scalar, scalar, (before, after) => {
        const flow = parseStackDocument(
          `a: {b: ${JSON.stringify(before)}, c: 1}\nd: ${JSON.stringify(before)} # note\n`,
          'x',
        );
        const changed = changeAnswer(changeAnswer(flow, ['a', 'b'], after), ['d'], after);
        expect(changed.document.toJS()).toEqual({ a: { b: after, c: 1 }, d: after });
        expect(changed.text).toContain('# note');
      }),
    );
  });
});

test('a new file says what was answered and refers to its schema', () => {
  const text = newStackText({
    version: 1,
    name: 'shop',
    environment: 'production',
    domains: ['shop.example.com'],
    tls: { mode: 'acme', terms: 'accepted' },
  });
  expect(text).toContain('yaml-language-server: $schema=stack.schema.json');
  expect(problems(text)).toEqual([]);
});

describe('a new document', () => {
  const given = {
    version: 1,
    name: 'shop',
    environment: 'development',
    domains: ['localhost'],
  } satisfies Partial<StackInput>;

  test.each(presets)('holds the answers that its text says: $name', ({ answers }) => {
    const draft = {
      ...given,
      tls: { mode: 'dev-ca', email: undefined },
      ...answers,
      network: { pool: '10.8.0.0/16' },
    };
    const made = newStackDocument(draft as Partial<StackInput>, 'stack.yaml');
    const read = parseStackDocument(made.text, 'stack.yaml');
    expect(plainAnswers(made)).toEqual(plainAnswers(read));
    expect(readSpec(made)).toEqual(readSpec(read));
  });

  test('tells the line of a mistake, and can be changed', () => {
    const made = newStackDocument({ ...given, domains: ['a b'], tls: { mode: 'dev-ca' } }, 'stack.yaml');
    expect(() => readSpec(made)).toThrow(/^stack.yaml:10:5: domains/);
    expect(plainAnswers(changeAnswer(made, ['name'], 'other'))).toMatchObject({ name: 'other' });
  });
});
