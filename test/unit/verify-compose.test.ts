import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { renderStack } from '../../src/library.ts';
import { CONTROLS } from '../../src/render/compose/reasons.ts';
import { composeFindings } from '../../src/verify/compose-invariants.ts';
import { allCases } from '../snapshots/matrix.ts';
import { answers, stackOf } from './verify-fixture.ts';

const stack = stackOf(answers);
const file = 'docker-compose.override.yml';
const generated = renderStack(answers, { redactSecrets: true }).find(
  ({ path }) => path === 'docker-compose.yml',
)!.content;

const override = (text: string) => composeFindings(text, { file, stack, isOverride: true });
const web = (fields: string) => override(`services:\n  web:\n    ${fields.replaceAll('\n', '\n    ')}\n`);
const rules = (findings: { rule: string }[]) => findings.map(({ rule }) => rule);

describe('clean files', () => {
  test.each(allCases)('nothing is found in the Compose file of $name', ({ answers: given }) => {
    const files = renderStack(given, { redactSecrets: true });
    for (const [path, isOverride] of [
      ['docker-compose.yml', false],
      ['docker-compose.override.yml', true],
    ] as const) {
      const { content } = files.find((one) => one.path === path)!;
      expect(composeFindings(content, { file: path, stack: stackOf(given), isOverride })).toEqual([]);
    }
  });

  test.each([
    ['an empty file', ''],
    ['only comments', '# nothing\n'],
    ['no services', 'services: {}'],
    ['a log level', 'services:\n  web:\n    environment:\n      LOG_LEVEL: debug\n'],
    ['a secret by reference', 'services:\n  web:\n    environment: ["API_TOKEN=${WEB_TOKEN:?set it}"]\n'],
    ['a secret by file', 'services:\n  web:\n    environment: {DB_PASSWORD_FILE: /run/secrets/db}\n'],
    ['a switch with a telling name', 'services:\n  web:\n    environment: {RESET_PASSWORD: "false"}\n'],
    ['a login without a password', 'services:\n  web:\n    environment: {URL: "redis://app@redis:6379"}\n'],
    ['more limits', 'services:\n  web:\n    mem_limit: 1g\n    cpus: 2\n'],
    ['a folder of its own', 'services:\n  web:\n    volumes: ["./uploads:/uploads", "data:/data"]\n'],
    ['an answered port', 'services:\n  worker:\n    ports: ["0.0.0.0:9000:9000"]\n'],
    ['a network it is in', 'services:\n  web:\n    networks: [postgres-web]\n'],
    ['ports taken away', 'services:\n  worker:\n    ports: !reset []\n'],
    ['one more capability dropped', 'services:\n  web:\n    cap_drop: [NET_RAW]\n'],
    ['time of the host', 'services:\n  web:\n    volumes: ["/etc/localtime:/etc/localtime:ro"]\n'],
    ['a dollar sign that is none of Compose', 'services:\n  web:\n    user: "1000"\n    command: ["a$$b"]\n'],
    ['a hook as its own user', 'services:\n  web:\n    post_start: [{command: id}]\n'],
    ['logs sent elsewhere', 'services:\n  web:\n    logging: {driver: journald}\n'],
    ['smaller logs', 'services:\n  web:\n    logging: {options: {max-size: 1m}}\n'],
    ['an image built here', 'services:\n  web:\n    image: acme/web\n    build: ./web\n'],
  ])('%s is no finding', (_name, text) => {
    expect(override(text)).toEqual([]);
  });
});

describe('an override that undoes a protection', () => {
  test.each([
    ['compose.published-port', 'ports: ["8081:3000"]'],
    ['compose.published-port', 'ports: [3000]'],
    ['compose.published-port', 'ports: ["127.0.0.1:8081:3000"]'],
    ['compose.published-port', 'ports: [{target: 3000, published: "8081"}]'],
    ['compose.published-port', 'ports: !override ["[::1]:8081:3000/udp"]'],
    ['compose.database-port', 'ports: ["5432:5432"]'],
    ['compose.privileged', 'privileged: true'],
    ['compose.privileged', 'privileged: "true"'],
    ['compose.cap-add', 'cap_add: [NET_ADMIN]'],
    ['compose.cap-add', 'cap_add: !override [CAP_SYS_ADMIN]'],
    ['compose.writable-root', 'read_only: false'],
    ['compose.writable-root', 'read_only: !reset null'],
    ['compose.root-user', 'user: root'],
    ['compose.root-user', 'user: 0'],
    ['compose.root-user', 'user: "0:0"'],
    ['compose.root-user', 'user: !reset null'],
    ['compose.cap-drop', 'cap_drop: []'],
    ['compose.cap-drop', 'cap_drop:'],
    ['compose.cap-drop', 'cap_drop: !reset []'],
    ['compose.cap-drop', 'cap_drop: !override [NET_RAW]'],
    ['compose.security-opt', 'security_opt: ["seccomp=unconfined"]'],
    ['compose.security-opt', 'security_opt: ["apparmor:unconfined"]'],
    ['compose.security-opt', 'security_opt: ["no-new-privileges:false"]'],
    ['compose.security-opt', 'security_opt: !override ["seccomp:profile.json"]'],
    ['compose.security-opt', 'security_opt: !reset []'],
    ['compose.host-namespace', 'network_mode: host'],
    ['compose.host-namespace', 'pid: host'],
    ['compose.host-namespace', 'ipc: "host"'],
    ['compose.docker-socket', 'volumes: ["/var/run/docker.sock:/var/run/docker.sock:ro"]'],
    ['compose.docker-socket', 'volumes: [{type: bind, source: /run/docker.sock, target: /s}]'],
    ['compose.docker-socket', 'use_api_socket: true'],
    ['compose.host-mount', 'volumes: ["/:/host"]'],
    ['compose.host-mount', 'volumes: ["/etc/:/host-etc:ro"]'],
    ['compose.host-mount', 'volumes: ["/var/lib/../../root:/r"]'],
    ['compose.host-mount', 'volumes: ["~/.ssh:/ssh"]'],
    ['compose.host-mount', 'volumes: [{type: bind, source: /proc, target: /p}]'],
    ['compose.secret-mount', 'volumes: [".:/app"]'],
    ['compose.secret-mount', 'volumes: ["./secrets:/s"]'],
    ['compose.secret-mount', 'volumes: ["./.env:/app/.env"]'],
    ['compose.secret-mount', 'volumes: ["../:/app"]'],
    ['compose.device', 'devices: ["/dev/sda:/dev/sda"]'],
    ['compose.plain-secret', 'environment: {DB_PASSWORD: hunter2hunter2}'],
    ['compose.plain-secret', 'environment: ["STRIPE_API_KEY=sk_live_abcdefghij"]'],
    ['compose.plain-secret', 'environment: {URL: "postgres://app:hunter2@postgres/db"}'],
    ['compose.env-file', 'env_file: .env'],
    ['compose.env-file', 'env_file: [{path: ./.env}]'],
    ['compose.latest', 'image: acme/web:latest'],
    ['compose.latest', 'image: registry.example.com:5000/acme/web'],
    ['compose.healthcheck', 'healthcheck: {disable: true}'],
    ['compose.healthcheck', 'healthcheck: {test: [NONE]}'],
    ['compose.healthcheck', 'healthcheck: !reset null'],
    ['compose.memory', 'mem_limit: 0'],
    ['compose.memory', 'mem_limit: !reset null'],
    ['compose.pids', 'pids_limit: -1'],
    ['compose.cpus', 'cpus: 0'],
    ['compose.swap', 'memswap_limit: -1'],
    ['compose.logging', 'logging: {driver: none}'],
    ['compose.logging', 'logging: {driver: json-file, options: {max-size: "-1"}}'],
    ['compose.logging', 'logging: !override {driver: json-file}'],
    ['compose.logging', 'logging: !reset null'],
    ['compose.init', 'init: false'],
    ['compose.restart', 'restart: "no"'],
    ['compose.tmpfs-exec', 'tmpfs: ["/tmp:size=1m,exec"]'],
    ['compose.tmpfs-exec', 'tmpfs: /tmp:exec'],
    ['compose.variable', 'privileged: ${P:-true}'],
    ['compose.variable', 'user: $U'],
    ['compose.variable', 'read_only: "${RO}"'],
    ['compose.variable', 'security_opt: ["seccomp=${PROFILE}"]'],
    ['compose.hook', 'post_start: [{command: id, user: root}]'],
    ['compose.hook', 'pre_stop: [{command: id, privileged: true}]'],
    ['compose.shared-namespace', 'pid: service:postgres'],
    ['compose.shared-namespace', 'network_mode: container:other'],
    ['compose.device', 'device_cgroup_rules: ["c 1:1 rmw"]'],
    ['compose.foreign-secret', 'secrets: [postgres_password]'],
    ['compose.foreign-secret', 'secrets: [{source: postgres_password, target: p}]'],
    ['compose.default-network', 'networks: !reset []'],
    ['compose.default-network', 'networks: !override []'],
    ['compose.default-network', 'network_mode: bridge'],
    ['compose.networks', 'networks: [worker-outside]'],
    ['compose.networks', 'networks: {default: {}}'],
  ])('%s: %s', (rule, fields) => {
    const findings = web(fields);
    expect(rules(findings)).toEqual([rule]);
    expect(findings[0]).toMatchObject({ file, line: 3, message: expect.stringMatching(/^web /) });
  });

  test('a database port is named as such whatever its number', () => {
    const findings = override('services:\n  postgres:\n    ports: ["15999:15999"]\n');
    expect(findings).toMatchObject([{ rule: 'compose.database-port', severity: 'error', line: 3 }]);
  });

  test('a port on loopback is only a warning', () => {
    expect(web('ports: ["127.0.0.1:8081:3000"]')).toMatchObject([{ severity: 'warning' }]);
    expect(web('ports: ["8081:3000"]')).toMatchObject([{ severity: 'error' }]);
  });

  test.each(['{internal: false}', '{internal: !reset null}', '!override {}', '{external: true}'])(
    'an internal network opened by %s',
    (fields) => {
      const findings = override(`services: {}\nnetworks:\n  postgres-web: ${fields}\n`);
      expect(findings).toMatchObject([{ rule: 'compose.internal-network', line: 3 }]);
    },
  );

  test('a network that is only reached, given a way out', () => {
    const opened = stack.networks.find(({ internal, egress }) => !internal && !egress)!;
    const option = '"com.docker.network.bridge.enable_ip_masquerade": "true"';
    const findings = override(
      `services: {}\nnetworks:\n  ${opened.name}:\n    driver_opts:\n      ${option}\n`,
    );
    expect(findings).toMatchObject([{ rule: 'compose.masquerade', line: 5 }]);
  });

  test('every control of the generated file is looked at', () => {
    const looked = override(
      `services:\n  web:\n${CONTROLS.filter(({ key }) => !['networks', 'image', 'tmpfs'].includes(key))
        .map(({ key }) => `    ${key}: !reset null\n`)
        .join('')}`,
    );
    expect(new Set(looked.map(({ line }) => line)).size).toBe(CONTROLS.length - 3);
  });

  test('a volume that is a folder of the host', () => {
    const findings = override('volumes:\n  d:\n    driver_opts:\n      device: /etc\n      o: bind\n');
    expect(findings).toMatchObject([{ rule: 'compose.host-mount', line: 4 }]);
  });

  test('what merge keys and aliases bring in counts', () => {
    const text = 'x-a: &a {privileged: true}\nservices:\n  web:\n    <<: *a\n';
    expect(override(text)).toMatchObject([{ rule: 'compose.privileged', line: 3 }]);
  });

  test('files it brings in are said not to be checked', () => {
    expect(override('include: [other.yml]\n')).toMatchObject([
      { rule: 'compose.unseen-file', severity: 'note', line: 1 },
    ]);
  });

  test('a service of the user’s own must state every protection', () => {
    expect(rules(override('services:\n  extra:\n    image: acme/extra:1\n')).sort()).toEqual([
      'compose.cap-drop',
      'compose.cpus',
      'compose.healthcheck',
      'compose.init',
      'compose.logging',
      'compose.memory',
      'compose.pids',
      'compose.restart',
      'compose.root-user',
      'compose.security-opt',
      'compose.swap',
      'compose.writable-root',
    ]);
  });
});

describe('the generated file, edited', () => {
  const edited = (from: string | RegExp, to: string) => {
    const text = generated.replace(from, to);
    expect(text).not.toBe(generated);
    return rules(composeFindings(text, { file: 'docker-compose.yml', stack, isOverride: false }));
  };

  test.each([
    ['compose.writable-root', / +read_only: true # .*\n/],
    ['compose.cap-drop', / +cap_drop: .*\n/],
    ['compose.security-opt', / +security_opt: .*\n/],
    ['compose.root-user', / +user: .*\n/],
    ['compose.memory', / +mem_limit: .*\n/],
    ['compose.pids', / +pids_limit: .*\n/],
    ['compose.cpus', / +cpus: .*\n/],
    ['compose.swap', / +memswap_limit: .*\n/],
    ['compose.init', / +init: .*\n/],
    ['compose.restart', / +restart: .*\n/],
    ['compose.internal-network', / +internal: true.*\n/],
    ['compose.healthcheck', / +healthcheck:\n( {6}.*\n)+/],
    ['compose.default-network', / +networks: \[edge-web.*\n/],
  ])('%s when the line is gone', (rule, line) => {
    expect(edited(line, '')).toEqual([rule]);
  });

  test('a limit under deploy will do', () => {
    expect(edited(/( +)mem_limit: (\w+).*\n/, '$1deploy: {resources: {limits: {memory: $2}}}\n')).toEqual([]);
  });
});

describe('who needs nobody', () => {
  const given = { ...answers, apps: { ...answers.apps, lonely: { image: 'acme/lonely:1.0' } } };
  const lonely = stackOf(given);
  const text = renderStack(given, { redactSecrets: true }).find(
    ({ path }) => path === 'docker-compose.yml',
  )!.content;
  const found = (content: string, isOverride: boolean) =>
    composeFindings(content, { file, stack: lonely, isOverride }).map(({ rule, line }) => `${rule} ${line}`);

  test('is found left to the default network once its own line is gone', () => {
    expect(found(text, false)).toEqual([]);
    const without = text.replace(/ +network_mode: none.*\n/, '');
    const line = without.split('\n').indexOf('  lonely:') + 1;
    expect(found(without, false)).toEqual([`compose.default-network ${line}`]);
  });

  test.each([
    ['network_mode: !reset null', ['compose.default-network 3']],
    ['network_mode: bridge', ['compose.default-network 3']],
    ['network_mode: default', ['compose.default-network 3']],
    ['network_mode: host', ['compose.host-namespace 3']],
    ['networks: [postgres-web]', ['compose.networks 3']],
    ['network_mode: none', []],
    ['networks: []', []],
  ])('an override with %s', (fields, expected) => {
    expect(found(`services:\n  lonely:\n    ${fields}\n`, true)).toEqual(expected);
  });
});

describe('whatever the text', () => {
  test.each([
    ['a list', '- a\n', 1],
    ['a scalar', 'hello', 1],
    ['broken YAML', 'services:\n  web: [\n', 3],
    ['a key twice', 'a: 1\na: 2\n', 2],
    ['an alias to nothing', 'services: *nowhere\n', 1],
    ['a second document', 'services: {}\n---\nservices: {}\n', 2],
  ])('%s is a syntax finding', (_name, text, line) => {
    expect(override(text)).toMatchObject([{ rule: 'compose.syntax', severity: 'error', line }]);
    expect(override(text)[0]!.message).not.toContain('YAML.');
  });

  test('aliases that blow up are refused, not expanded', () => {
    const levels = Array.from({ length: 30 }, (_, n) => `a${n + 1}: &a${n + 1} [*a${n}, *a${n}]`);
    expect(rules(override(`a0: &a0 [x]\n${levels.join('\n')}\n`))).toEqual(['compose.syntax']);
  });

  const keys =
    'ports volumes environment user cap_add cap_drop security_opt healthcheck mem_limit networks env_file image deploy devices build extends privileged pid';
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { depthSize: 'small' },
      fc.constant(null),
      fc.boolean(),
      fc.integer(),
      fc.string(),
      fc.array(tie('any'), { maxLength: 3 }),
      fc.dictionary(fc.string(), tie('any'), { maxKeys: 3 }),
    ),
  })).any;
  const service = fc.dictionary(fc.constantFrom(...keys.split(' ')), value, { maxKeys: 8 });

  test('data of any shape is survived, with lines that exist', () => {
    const names = fc.constantFrom('web', 'postgres', 'edge', 'mine', '__proto__');
    const compose = fc.record({
      services: fc.oneof(value, fc.dictionary(names, fc.oneof(service, value), { maxKeys: 4 })),
      networks: fc.oneof(value, fc.dictionary(fc.constant('postgres-web'), value)),
      volumes: fc.oneof(value, fc.dictionary(fc.string(), value)),
      include: value,
    });
    fc.assert(
      fc.property(compose, fc.boolean(), (data, isOverride) => {
        const text = stringify(data);
        const count = text.split('\n').length;
        for (const { line } of composeFindings(text, { file, stack, isOverride })) {
          expect(line).toBeGreaterThan(0);
          expect(line).toBeLessThanOrEqual(count);
        }
      }),
      { numRuns: 400 },
    );
  });

  test('text of any kind is survived', () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom(
        'services:',
        '\n',
        '  ',
        'web:',
        '!reset',
        '!override',
        '&a',
        '*a',
        '<<:',
        '- ',
        '[',
        '{',
        '|',
        '? ',
        ': ',
        '---\n',
        '%YAML 1.1\n',
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 25 }), (pieces) => {
        expect(() => override(pieces.join(''))).not.toThrow();
      }),
      { numRuns: 1000 },
    );
  });

  test('no value of a variable is repeated', () => {
    const canary = 'canary-7f3a9c';
    const text = JSON.stringify(
      web(`environment: {DB_PASSWORD: ${canary}, A: "x://u:${canary}@h"}\ncap_add: [X]`),
    );
    expect(text).toContain('DB_PASSWORD');
    expect(text).not.toContain(canary);
  });
});
