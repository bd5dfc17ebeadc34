import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeEnvValue } from '../../src/secrets/env-encode.ts';
import { awkwardValues } from '../corpus/secret-values.ts';
import { fingerprint } from '../program.ts';
import { inspect, requireDocker, waitFor } from './docker.ts';
import { printedCommands } from './generate.ts';
import { GeneratedStack } from './generated-stack.ts';
import { ensureImages } from './images.ts';
import { run } from './process.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** What breaks on the way elsewhere, all in one value, in an order that breaks it most. */
const passwords: [string, number][] = [
  [`'p$a\${HOME}$$b #c"d\\e/f@g+h:i?j&k%20=l \`id\` it's\\`, 18],
  [` "Größe пароль 密码🔑 #$'\\n@/+ `, 17],
];

describe.runIf(requireDocker())('secrets of a generated stack', () => {
  beforeAll(async () => {
    await ensureImages(['nginx:1.30', 'redis:8.10.1-trixie', 'css-test/app:1']);
    await ensureImages(['postgres:17.11-trixie', 'postgres:18.6-trixie']);
  });

  describe('entered by the user', () => {
    const key = '-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49\n-----END PRIVATE KEY-----';
    /** By file anything gets through; by variable what all readers of an env file understand alike. */
    const given = new Map(
      [
        ...[...awkwardValues, key].map((value, index) => [`FILE_${index}`, value] as const),
        ...awkwardValues
          .filter((value) => encodeEnvValue(value).ok)
          .map((value, index) => [`VARIABLE_${index}`, value] as const),
      ].filter(([, value]) => value !== ''),
    );
    const names = [...given.keys()];
    let stack: GeneratedStack;
    beforeAll(async () => {
      stack = await GeneratedStack.open('values');
      const secret = (name: string) => ({
        kind: 'external',
        delivery: name.startsWith('FILE') ? 'file' : 'variable',
      });
      const secrets = Object.fromEntries(names.map((name) => [name, secret(name)]));
      const answers = {
        version: 1,
        name: stack.name,
        environment: 'development',
        domains: ['localhost'],
        tls: { mode: 'dev-ca' },
        apps: { reader: { image: 'css-test/app:1', secrets } },
      };
      await stack.fileBeside('answers.yaml', JSON.stringify(answers));
    });
    afterAll(() => stack?.remove());

    test('nothing starts while one is blank, and the message says which', async () => {
      const { stderr } = await stack.generate(['--config', 'answers.yaml', ...stack.edgeFlags]);
      expect(stderr).toContain('READER_FILE_0 is blank: the stack will not start');
      const up = await stack.compose(['up', '-d', '--wait'], { allowFailure: true });
      expect(up.code).not.toBe(0);
      expect(up.stderr).toMatch(/set READER_\w+ in the env file/);
      expect(await stack.ids()).toEqual({});
    });

    test('what a variable cannot carry is refused with the way out, and nothing is written', async () => {
      const before = fingerprint(stack.dir);
      const file = await stack.fileBeside('value', 'a\\b');
      const { code, stderr } = await stack.generate([`--secret-file=READER_VARIABLE_0=${file}`], {
        allowFailure: true,
      });
      expect(code).toBe(2);
      expect(stderr).toMatch(/^error: READER_VARIABLE_0 holds a backslash.*: deliver it by file/m);
      expect(fingerprint(stack.dir)).toEqual(before);
    });

    test('the program in the container reads exactly what was entered, by file and by variable', async () => {
      await stack.generate(
        await Promise.all(
          names.map(async (name) => {
            const file = await stack.fileBeside(name, given.get(name)!);
            return `--secret-file=READER_${name}=${file}`;
          }),
        ),
      );
      await stack.up();
      const ask = 'while read -r name; do curl -s "http://127.0.0.1:8080/env?name=$name"; echo; done';
      const answers = (await stack.shell('reader', ask, { input: `${names.join('\n')}\n` })).split('\n');
      const differing = names.filter(
        (name, index) => JSON.parse(answers[index]!).sha256 !== sha256(given.get(name)!),
      );
      expect(differing).toEqual([]);
    });

    test('the same answers again change nothing', async () => {
      const before = fingerprint(stack.dir);
      await stack.generate([]);
      expect(fingerprint(stack.dir)).toEqual(before);
    });

    test.each(['FILE_3', 'VARIABLE_3'])('blanked later, %s stops the next start', async (name) => {
      const blank = { env: { [`READER_${name}`]: '' }, allowFailure: true };
      const { code, stderr } = await stack.compose(['up', '-d'], blank);
      expect(code).not.toBe(0);
      expect(stderr).toContain(`set READER_${name} in the env file`);
    });
  });

  describe.each(passwords)('with the password %j for everything, PostgreSQL %i', (password, version) => {
    let stack: GeneratedStack;
    beforeAll(async () => {
      stack = await GeneratedStack.open('password');
      const file = await stack.fileBeside('password', password);
      const app = 'image=css-test/app:1,path=none,needs=postgres+redis';
      await stack.generate([
        ...['--set', `services.postgres.version=${version}`, '--service', 'redis'],
        ...['--app', `name=by-file,${app}`, '--app', `name=by-variable,${app},delivery=variable`],
        ...['POSTGRES_PASSWORD', 'POSTGRES_APP_PASSWORD', 'REDIS_APP_PASSWORD', 'REDIS_ADMIN_PASSWORD'].map(
          (name) => `--secret-file=${name}=${file}`,
        ),
        ...stack.edgeFlags,
      ]);
      await stack.up();
    });
    afterAll(() => stack?.remove());

    test.each(['by-file', 'by-variable'])('the app %s logs in to the database and the cache', async (app) => {
      expect(await stack.app(app, '/db')).toEqual({ rows: ['app|1'] });
      expect(await stack.app(app, '/cache')).toEqual({ value: 'cached' });
    });

    test.each([
      ['by-file', '$(cat "$DATABASE_URL_FILE")', '$(cat "$REDIS_URL_FILE")'],
      ['by-variable', '$DATABASE_URL', '$REDIS_URL'],
    ])('the URLs of the app %s are what other clients take', async (app, database, redis) => {
      expect(await stack.shell(app, `psql -XAtc 'select current_user' "${database}"`)).toBe('app');
      expect(await stack.shell(app, `redis-cli --no-auth-warning -u "${redis}" ping`)).toBe('PONG');
    });

    test('the superuser has it too, and nobody gets in with another', async () => {
      const login =
        'IFS= read -r PGPASSWORD; export PGPASSWORD; psql -XAtc "select 1" -h 127.0.0.1 -U postgres';
      expect(await stack.shell('postgres', login, { input: `${password}\n` })).toBe('1');
      await expect(stack.shell('postgres', login, { input: `${password} \n` })).rejects.toThrow(
        /password authentication failed/,
      );
    });
  });

  describe('outside the project', () => {
    let stack: GeneratedStack;
    let location: string;
    beforeAll(async () => {
      stack = await GeneratedStack.open('outside');
      location = join(stack.parent, 'etc', stack.name);
    });
    afterAll(() => stack?.remove());

    test('the preset as it is starts by the printed commands, and is looked at and stopped by those of its README', async () => {
      const answers = ['--preset', 'web-api', '--set', `secrets.location=${location}`];
      const [enter, start] = printedCommands(await stack.generate([...answers, ...stack.edgeFlags]));
      const shell = (script: string) =>
        run('sh', ['-euc', script], { cwd: stack.parent, timeoutMs: 300_000 });
      await shell(`${enter}\n${start}`);
      const ids = await stack.ids();
      expect(Object.keys(ids)).toEqual(['api', 'edge', 'postgres', 'redis', 'web']);
      for (const id of Object.values(ids)) expect((await inspect(id)).State.Health?.Status).toBe('healthy');
      const ca = await stack.read('certs/ca/ca.crt');
      for (const path of ['/', '/api/'])
        await waitFor(`a page at ${path}`, async () =>
          (await stack.request(path, { host: 'localhost' }, ca)).body.includes('</html>'),
        );

      const commands = [
        ...(await stack.read('README.md')).matchAll(/^\| .+ \| `+ ?(docker compose .+?) ?`+ \|$/gm),
      ];
      const [up, ps, , down] = commands.map(([, command]) => `${enter}\n${command}`);
      expect(up).toBe(`${enter}\n${start}`);
      expect((await shell(ps!)).stdout).toContain('(healthy)');
      await shell(down!);
      expect(await stack.ids()).toEqual({});
    });

    test('the project’s folder holds no secret, and theirs is closed', () => {
      const inside = readdirSync(stack.dir, { recursive: true, encoding: 'utf8' });
      expect(inside.filter((path) => /^(?:\.env|secrets)(?:\/|$)/.test(path))).toEqual([]);
      expect(readdirSync(location).length).toBeGreaterThanOrEqual(2);
      for (const name of readdirSync(location)) {
        const status = statSync(join(location, name));
        expect(status.mode & 0o077, name).toBe(0);
      }
    });
  });
});
