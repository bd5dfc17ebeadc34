import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { renderStack } from '../../src/library.ts';
import { allCases, everything, matrix } from './matrix.ts';

const render = (name: string) =>
  renderStack(allCases.find((one) => one.name === name)!.answers, { redactSecrets: true });
const mode = (bits: number) => bits.toString(8).padStart(4, '0');

// Whole texts of the trees that differ most; of all others the digest of every file, so that any change shows.
const shown = [
  'development-dev-ca-single-app-file',
  'production-acme-web-api-file',
  'staging-files-web-api-variable',
  everything.name,
];

describe.each(shown)('%s', (name) => {
  test.each(render(name).map(({ path, content }) => [path, content] as const))(
    '%s',
    async (path, content) => {
      await expect(content).toMatchFileSnapshot(
        `__trees__/${name}/${path.replace(/^\//, 'outside/').replaceAll('/', '__')}.snap`,
      );
    },
  );
});

test('every tree of the matrix', async () => {
  const lines = allCases.flatMap(({ name }) =>
    render(name).map(
      ({ path, content, mode: bits }) =>
        `${name} ${mode(bits)} ${createHash('sha256').update(content).digest('hex').slice(0, 16)} ${path}`,
    ),
  );
  await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot('__trees__/digests.snap');
});

interface ComposeService {
  image?: string;
  ports?: string[];
  user?: string;
  read_only?: boolean;
  cap_drop?: string[];
  cap_add?: string[];
  security_opt?: string[];
  mem_limit?: string;
  memswap_limit?: string;
  cpus?: number;
  pids_limit?: number;
  init?: boolean;
  restart?: string;
  logging?: { options: Record<string, string> };
  healthcheck?: { test?: string[]; disable?: boolean };
  networks?: string[];
  network_mode?: string;
  secrets?: string[];
  volumes?: { type: string; source: string }[];
  environment?: Record<string, string>;
}

interface ComposeFile {
  services: Record<string, ComposeService>;
  networks: Record<string, { internal?: boolean }>;
  secrets?: Record<string, { file: string }>;
}

describe.each(allCases)('invariants of $name', ({ name: stack, answers }) => {
  const files = render(stack);
  const text = (path: string): string => files.find((file) => file.path === path)!.content;
  const compose = parse(text('docker-compose.yml')) as ComposeFile;
  const services = Object.entries(compose.services);

  test('the same answers give the same bytes', () => {
    expect(render(stack)).toEqual(files);
  });

  test('only the edge publishes ports, and what an answer exposes', () => {
    const exposing = Object.entries(answers.apps ?? {})
      .filter(([, app]) => (app.expose ?? []).length > 0)
      .map(([app]) => app);
    const mail = (answers.services?.['mailpit'] as { port?: number } | null | undefined)?.port
      ? ['mailpit']
      : [];
    const publishing = services.filter(([, { ports }]) => ports !== undefined).map(([service]) => service);
    expect(publishing.sort()).toEqual(['edge', ...exposing, ...mail].sort());
  });

  test.each(services)('%s is hardened', (name, service) => {
    expect(service).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      init: true,
      restart: 'unless-stopped',
    });
    expect(service.cap_add).toBeUndefined();
    expect(service.user).toMatch(/^[1-9]\d*:\d+$/);
    expect(service.mem_limit).toMatch(/^\d+[mg]$/);
    expect(service.memswap_limit).toBe(service.mem_limit);
    expect(service.cpus).toBeGreaterThan(0);
    expect(service.pids_limit).toBeGreaterThan(0);
    expect(service.logging?.options).toEqual({ 'max-size': '10m', 'max-file': '3' });
    const { health } = answers.apps?.[name] ?? {};
    if (health?.probe === 'none') expect(service).not.toHaveProperty('healthcheck');
    else expect(service.healthcheck?.test).toBeTruthy();
    if (service.image) expect(service.image).toMatch(/[:@][^/]*$/);
    for (const { source } of service.volumes?.filter(({ type }) => type === 'bind') ?? [])
      expect(source).toMatch(/^\.\//);
  });

  test('two workloads share a network exactly when one needs the other', () => {
    const apps = Object.entries(answers.apps ?? {});
    const allowed = new Set([
      ...apps.flatMap(([app, { needs = [] }]) => needs.map((need) => [app, need].sort().join(' '))),
      ...apps
        .filter(([, { routes = [] }]) => routes.length > 0)
        .map(([app]) => ['edge', app].sort().join(' ')),
    ]);
    const meeting = new Set(
      Object.keys(compose.networks).flatMap((network) => {
        const members = services
          .filter(([, { networks }]) => networks?.includes(network))
          .map(([service]) => service);
        return members.flatMap((one) =>
          members.filter((other) => other !== one).map((other) => [one, other].sort().join(' ')),
        );
      }),
    );
    expect([...meeting].sort()).toEqual([...allowed].sort());
  });

  test('a network is internal unless its one member must be reached from outside or call there', () => {
    for (const [network, { internal }] of Object.entries(compose.networks)) {
      expect(internal === true || network.endsWith('-outside'), network).toBe(true);
    }
    const outside = Object.keys(compose.networks)
      .filter((network) => network.endsWith('-outside'))
      .map((network) => network.replace(/-outside$/, ''));
    const expected = Object.entries(answers.apps ?? {})
      .filter(([, app]) => app.egress || (app.expose ?? []).length > 0)
      .map(([app]) => app);
    const mail = (answers.services?.['mailpit'] as { port?: number } | null | undefined)?.port
      ? ['mailpit']
      : [];
    const acme = answers.tls.mode === 'acme' ? ['acme'] : [];
    expect(outside.sort()).toEqual(['edge', ...acme, ...expected, ...mail].sort());
  });

  test('nobody is left to the network "default": each has networks of the file or none at all', () => {
    expect(compose.networks).not.toHaveProperty('default');
    for (const [name, { networks, network_mode: mode }] of services) {
      if (networks === undefined) expect(mode, name).toBe('none');
      else {
        expect(mode, name).toBeUndefined();
        expect(networks, name).not.toEqual([]);
        expect(Object.keys(compose.networks), name).toEqual(expect.arrayContaining(networks));
      }
    }
  });

  test('.env and .env.example name the same variables in the same order', () => {
    const envFile = files.find(({ path }) => path.endsWith('.env'))!;
    const keys = (content: string): string[] =>
      content.split('\n').flatMap((line) => /^([A-Z][A-Z0-9_]*)=/.exec(line)?.[1] ?? []);
    expect(keys(text('.env.example'))).toEqual(keys(envFile.content));
  });

  test('every variable that Compose reads stands in .env, and a secret one is required', () => {
    const envFile = files.find(({ path }) => path.endsWith('.env'))!.content;
    for (const [, variable, operator] of text('docker-compose.yml').matchAll(
      /(?<!\$)\$\{([A-Z0-9_]+)(:[?-])/g,
    )) {
      expect(envFile).toContain(`\n${variable}=`);
      expect(operator).toBe(/_(?:SECRETS_REV|PREVIOUS)$/.test(variable!) ? ':-' : ':?');
    }
  });

  test('a secret is mounted only where it is consumed, and each one is', () => {
    const used = new Set(services.flatMap(([, { secrets = [] }]) => secrets));
    expect([...used].sort()).toEqual(Object.keys(compose.secrets ?? {}).sort());
  });

  test('values of secrets stand in secret files only', () => {
    for (const { path, content } of files) {
      const isSecret =
        path.endsWith('.env') || /(^|\/)(?:[a-z-]+-)?secrets\//.test(path) || path.startsWith('certs/');
      if (!isSecret) expect(content, path).not.toContain('REDACTED');
    }
  });

  test('modes', () => {
    for (const { path, mode: bits } of files) {
      if (path.endsWith('.env') || path.endsWith('ca.key')) expect(mode(bits), path).toBe('0600');
      else if (/\.sh$/.test(path)) expect(mode(bits), path).toBe('0755');
      else expect(mode(bits & 0o022), path).toBe('0000');
    }
  });

  test('no text carries a time, a path of this machine or a line with trailing space', () => {
    for (const { path, content } of files) {
      expect(content, path).not.toContain(process.cwd());
      expect(content, path).not.toMatch(/[ \t]$/m);
      expect(content.endsWith('\n') || /secrets\//.test(path), path).toBe(true);
    }
  });
});

test('the matrix covers what it says', () => {
  expect(matrix).toHaveLength(54);
});
