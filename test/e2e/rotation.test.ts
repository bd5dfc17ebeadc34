import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KEY, Terminal } from '../terminal.ts';
import { docker, inspect, logs, requireDocker } from './docker.ts';
import { run } from './process.ts';
import { ArgumentWatch, expectHardlyAny, Load, RotationStack, sha256 } from './rotation/fixture.ts';

const ANSWERS = `
services:
  postgres: {}
  redis: {}
apps:
  api:
    image: css-test/app:1
    user: 10001:10001
    routes: [{ host: localhost, path: / }]
    needs: [postgres, redis]
    limits: { cpus: 2 }
    secrets:
      JWT_SECRET: { kind: hmac }
      COOKIE_KEY: { kind: hex, overlap: false }
      FIELD_KEY: { kind: fernet, overlap: true }
    reencrypt: [sh, -c, 'test -s "$FIELD_KEY_PREVIOUS_FILE" && sha256sum < "$FIELD_KEY_FILE" > /tmp/reencrypted']
  vars:
    image: css-test/app:1
    user: 10001:10001
    delivery: variable
    routes: [{ host: vars.localhost, path: / }]
    needs: [postgres, redis]
    limits: { cpus: 2 }
    secrets:
      PARTNER_TOKEN: { kind: external }
`;
const PARTNER = 'partner-4eC39HqLyjWDarjtT1zdp7dc';

const targets = ['localhost', 'vars.localhost'].flatMap((host) =>
  ['/db', '/cache'].map((path) => ({ host, path })),
);

describe.runIf(requireDocker())('a stack whose secrets are replaced while it serves', () => {
  let shop: RotationStack;
  /** Every value there ever was. */
  const values = new Set<string>();

  beforeAll(async () => {
    shop = await RotationStack.start('rot', ANSWERS, {
      secretFiles: { VARS_PARTNER_TOKEN: PARTNER },
      quick: ['api', 'vars'],
    });
    remember();
    // So that whatever the program sends would be in the log.
    await psql("alter system set log_statement = 'all'; select pg_reload_conf()");
    for (const words of [['init', '-q'], ['add', '-A'], commit('before')]) await git(words);
  });
  afterAll(() => shop?.stack.remove());

  const git = (words: readonly string[]) => run('git', words, { cwd: shop.stack.dir });
  const commit = (message: string): string[] => [
    ...[
      '-c',
      'user.name=test',
      '-c',
      'user.email=test@example.test',
      'commit',
      '-q',
      '--allow-empty',
      '-m',
      message,
    ],
  ];
  /** As the operator in the database's container, one statement at a time. */
  const psql = async (sql: string): Promise<void> => {
    for (const statement of sql.split('; '))
      await shop.stack.compose(['exec', '-T', 'postgres', 'psql', '-X', '-U', 'postgres', '-c', statement]);
  };

  /** Changes the answer on the running stack, as the documentation says. @returns containers that Compose made anew */
  async function changeRoles(rotation: 'single' | 'two-role'): Promise<string[]> {
    const before = [shop.env(), await shop.stack.ids()] as const;
    await shop.stack.generate(['--set', `services.postgres.rotation=${rotation}`]);
    expect(shop.env()).toEqual(before[0]);
    await shop.stack.up();
    return shop.stack.recreatedSince(before[1]);
  }

  function remember(): void {
    for (const [name, value] of Object.entries(shop.env())) {
      // Counters and the name of a role are no secrets.
      if (value.length > 12 && !name.endsWith('_REV')) values.add(value);
      const password = /:\/\/[^:]+:([^@]+)@/.exec(value)?.[1];
      if (password) values.add(password);
    }
  }

  test('two roles instead of one: nothing restarts and every login stays good', async () => {
    expect(await changeRoles('two-role')).toEqual([]);
    await shop.expectWorking('api');
  });

  test('everything at once: new values work, old ones are refused, hardly a request fails', async () => {
    const before = shop.env();
    const watch = new ArgumentWatch(() => [...values]);
    const load = new Load(shop.stack, targets);
    const { code, stdout, stderr } = await shop.rotate('--all', '--yes', '--accept-logout');
    await load.stop();
    remember();
    await watch.stop();
    // 4: the partner's token was asked for as well, and only the partner can give another.
    expect(`${code}\n${stderr}`).toMatch(/^4\n/);
    expect(stdout).toMatch(/Not rotated:[\s\S]*VARS_PARTNER_TOKEN/);
    expect(stdout).toContain('POSTGRES_APP_PASSWORD: old password is refused');
    expect(stdout).toContain('API_FIELD_KEY');
    process.stdout.write(`rotation under load: ${load.total()} requests, ${load.failures.length} failed\n`);
    const edgeLog = (await shop.stack.compose(['logs', '--no-color', 'edge'])).stdout;
    const faults = edgeLog.split('\n').filter((line) => /\[(?:error|warn|crit)\]/.test(line));
    expectHardlyAny(load.failures, faults.join('\n'));
    for (const { host, path } of targets) expect(load.answers.get(`${host}${path} 200`)).toBeGreaterThan(20);

    const after = shop.env();
    const changed = Object.keys(after).filter((name) => after[name] !== before[name]);
    expect(changed).toEqual(
      expect.arrayContaining([
        'POSTGRES_PASSWORD',
        'POSTGRES_APP_PASSWORD',
        'REDIS_APP_PASSWORD',
        'API_JWT_SECRET',
      ]),
    );
    expect(after['API_JWT_SECRET_PREVIOUS']).toBe(before['API_JWT_SECRET']);
    expect([after['API_FIELD_KEY'], after['VARS_PARTNER_TOKEN']]).toEqual([before['API_FIELD_KEY'], PARTNER]);
    expect([before['POSTGRES_APP_ROLE'], after['POSTGRES_APP_ROLE']]).toEqual(['app', 'app_a']);

    const [pg, redis] = ['POSTGRES_APP_PASSWORD', 'REDIS_APP_PASSWORD'];
    expect(await shop.postgresAccepts('api', 'app_a', after[pg]!)).toBe(true);
    expect(await shop.postgresAccepts('api', 'app', before[pg]!)).toBe(false);
    expect(await shop.postgresAccepts('api', 'app', after[pg]!)).toBe(false);
    expect(await shop.redisAccepts('api', 'app', after[redis]!)).toBe(true);
    expect(await shop.redisAccepts('api', 'app', before[redis]!)).toBe(false);
    expect(await shop.redisAccepts('api', 'admin', after['REDIS_ADMIN_PASSWORD']!)).toBe(true);
    expect(await shop.redisAccepts('api', 'admin', before['REDIS_ADMIN_PASSWORD']!)).toBe(false);
    for (const service of ['api', 'vars']) await shop.expectWorking(service);
    expect(await shop.seen('api', 'JWT_SECRET')).toBe(sha256(after['API_JWT_SECRET']!));
    expect(await shop.seen('api', 'JWT_SECRET_PREVIOUS')).toBe(sha256(before['API_JWT_SECRET']!));

    // No process had a value among its arguments at any time.
    expect(watch.samples).toBeGreaterThan(100);
    expect([...watch.found]).toEqual([]);
    for (const value of values) expect(stdout + stderr).not.toContain(value);
  });

  test('afterwards the folder is as any other: check is clean, a re-run and docker compose up change nothing', async () => {
    const check = await shop.run('check');
    expect(check.stdout).toContain('Nothing wrong found');
    expect(shop.isOpen).toBe(false);
    const again = await shop.stack.generate(['--dry-run', '--exit-code']);
    expect(again.stdout + again.stderr).toContain('Nothing would change');
    const ids = await shop.stack.ids();
    await shop.stack.up();
    expect(await shop.stack.recreatedSince(ids)).toEqual([]);
    // A service that reads its passwords when it starts finds the same ones.
    await shop.stack.compose(['restart', 'redis']);
    await shop.expectWorking('api');
    expect((await shop.run('status')).code).toBe(0);
  });

  test('a key of stored data: by its name, the data encrypted anew, the old key dropped when asked', async () => {
    const before = shop.env()['API_FIELD_KEY']!;
    expect((await shop.rotate('API_FIELD_KEY', '--yes')).code).toBe(0);
    remember();
    const after = shop.env()['API_FIELD_KEY']!;
    expect(after).not.toBe(before);
    expect(await shop.seen('api', 'FIELD_KEY_PREVIOUS')).toBe(sha256(before));
    expect(await shop.stack.shell('api', 'cat /tmp/reencrypted')).toContain(sha256(after));
    expect((await shop.rotate('--retire', 'API_FIELD_KEY', '--yes')).code).toBe(0);
    expect(await shop.seen('api', 'FIELD_KEY_PREVIOUS')).toBe(sha256(''));
  });

  test('a value of a third party: from a file, into the container that uses it', async () => {
    const value = 'partner-51NzQ7dKcXW2uYbT0mPaRsEf';
    values.add(value);
    const file = await shop.stack.fileBeside('partner.txt', `${value}\n`);
    const refused = await shop.rotate('VARS_PARTNER_TOKEN', '--yes');
    expect([refused.code, refused.stdout]).toEqual([3, expect.stringContaining('only its issuer')]);
    const done = await shop.rotate(
      'VARS_PARTNER_TOKEN',
      '--yes',
      '--secret-file',
      `VARS_PARTNER_TOKEN=${file}`,
    );
    expect(done.code).toBe(0);
    expect(await shop.seen('vars', 'PARTNER_TOKEN')).toBe(sha256(value));
  });

  test('emergency: sessions that were opened with the old password end', async () => {
    const role = shop.env()['POSTGRES_APP_ROLE'];
    const sleeping = shop.stack.shell(
      'api',
      'psql -X "$(cat "$DATABASE_URL_FILE")" -c "select pg_sleep(500)" 2>&1 || true',
      { timeoutMs: 550_000 },
    );
    const count = `psql -X -U postgres -Atc "select count(*) from pg_stat_activity where usename = '${role}' and query like '%pg_sleep%'"`;
    const open = async (): Promise<string> => shop.stack.shell('postgres', count);
    await expect.poll(open, { timeout: 60_000 }).toBe('1');
    const done = await shop.rotate('--emergency', 'POSTGRES_APP_PASSWORD', 'API_JWT_SECRET', '--yes');
    remember();
    expect(done.code).toBe(0);
    expect(await sleeping).toContain('terminating connection');
    expect(shop.env()['API_JWT_SECRET_PREVIOUS']).toBe('');
    await shop.expectWorking('api');
  });

  test('one role again: the login in use stays, and its password is replaced in place', async () => {
    const role = shop.env()['POSTGRES_APP_ROLE']!;
    // The emergency has taken the turn from app_a, which the first rotation gave out.
    expect(role).toBe('app_b');
    expect(await changeRoles('single')).toEqual([]);
    await shop.expectWorking('api');
    const old = shop.env()['POSTGRES_APP_PASSWORD']!;
    expect((await shop.rotate('POSTGRES_APP_PASSWORD', '--yes')).code).toBe(0);
    remember();
    expect(shop.env()['POSTGRES_APP_ROLE']).toBe(role);
    expect(await shop.postgresAccepts('api', role, old)).toBe(false);
    // Whoever logged in, what it makes belongs to the owner.
    for (const service of ['api', 'vars'])
      expect((await shop.stack.app(service, '/db'))['rows']).toEqual(['app|1']);
  });

  test('in a terminal: choose, read the plan, agree or not', async () => {
    const before = shop.env();
    const start = (): Terminal => Terminal.program(['rotate'], { cwd: shop.stack.dir, columns: 120 });
    const { down, space, enter } = KEY;
    const choice: [string, string][] = [['Which secrets', down + down + down + space + enter]];
    const left = start();
    await left.answer([...choice, ['Go on?', enter]]);
    expect(await left.ended).toBe(130);
    expect(left.text).toContain('REDIS_ADMIN_PASSWORD (engine)');
    expect(left.lastLine).toBe('Cancelled. Nothing was written.');
    expect(shop.env()).toEqual(before);

    const agreed = start();
    await agreed.answer([...choice, ['Go on?', down + enter]]);
    expect(await agreed.ended).toBe(0);
    remember();
    expect(agreed.text).toContain('REDIS_ADMIN_PASSWORD: old password is refused');
    const changed = Object.entries(shop.env()).filter(([name, value]) => before[name] !== value);
    expect(changed.map(([name]) => name)).toEqual(['REDIS_ADMIN_PASSWORD']);
  });

  test('the certificate: a new one from the same authority, served without a restart', async () => {
    const edge = (await shop.stack.ids())['edge'];
    const before = await shop.stack.read('certs/live/fullchain.pem');
    expect((await shop.rotate('CERTIFICATE', '--yes')).code).toBe(0);
    expect(await shop.stack.read('certs/live/fullchain.pem')).not.toBe(before);
    expect((await shop.stack.ids())['edge']).toBe(edge);
    const ca = await shop.stack.read('certs/ca/ca.crt');
    expect((await shop.stack.request('/health', { host: 'localhost' }, ca)).status).toBe(200);
  });

  test('after all this no value is in a log, an image, a container’s description, the folder or git', async () => {
    const secret = (text: string): string[] =>
      [...values].filter((value) => text.includes(value)).map((one) => `${one.slice(0, 4)}…`);
    for (const words of [['add', '-A'], commit('after')]) await git(words);
    const objects = await run('git', ['cat-file', '--batch-all-objects', '--batch'], { cwd: shop.stack.dir });
    expect(secret(objects.stdout)).toEqual([]);

    for (const [service, id] of Object.entries(await shop.stack.ids())) {
      expect([service, secret(await logs(id))]).toEqual([service, []]);
      // This one asked for its secrets in the environment.
      if (service !== 'vars')
        expect([service, secret(JSON.stringify(await inspect(id)))]).toEqual([service, []]);
      const { Config } = await inspect(id);
      const history = await docker(['history', '--no-trunc', Config.Image]);
      expect(secret(history.stdout)).toEqual([]);
    }
    const files = readdirSync(shop.stack.dir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name).slice(shop.stack.dir.length + 1));
    const outside = files.filter(
      (path) => path !== '.env' && !path.startsWith('secrets/') && !path.startsWith('.git/'),
    );
    for (const path of outside)
      expect([path, secret(readFileSync(join(shop.stack.dir, path), 'utf8'))]).toEqual([path, []]);
    // In the stores themselves: only what is in use.
    const stored = Object.values(shop.secretFiles()).join('\n') + (await shop.stack.read('.env'));
    const inUse = Object.values(shop.env()).join('\n');
    const stale = [...values].filter((value) => stored.includes(value) && !inUse.includes(value));
    expect(stale.map((value) => `${value.slice(0, 4)}…`)).toEqual([]);
    expect(files.filter((path) => /\.(bak|new|orig|tmp)$|rotation\.json|css-/.test(path))).toEqual([]);
    // The log did record what was sent, so that the above says something.
    expect(await logs((await shop.stack.ids())['postgres']!)).toContain(
      "statement: SET log_statement = 'none'",
    );
  });

  test('while nothing runs: what a service reads when it starts is changed, what it keeps in its data is not', async () => {
    await shop.stack.compose(['down']);
    const before = shop.env();
    const refused = await shop.rotate('POSTGRES_APP_PASSWORD', '--offline', '--yes');
    expect([refused.code, refused.stdout]).toEqual([
      3,
      expect.stringContaining('changes it only while it runs'),
    ]);
    expect(shop.env()).toEqual(before);
    const running = await shop.rotate('REDIS_APP_PASSWORD', '--yes');
    expect([running.code, running.stderr]).toEqual([3, expect.stringContaining('does not run')]);
    const done = await shop.rotate('REDIS_APP_PASSWORD', 'API_JWT_SECRET', '--offline', '--yes');
    expect(done.code).toBe(0);
    expect(shop.env()['REDIS_APP_PASSWORD']).not.toBe(before['REDIS_APP_PASSWORD']);
    await shop.stack.up();
    await shop.expectWorking('api');
    expect(await shop.redisAccepts('api', 'app', before['REDIS_APP_PASSWORD']!)).toBe(false);
  });

  test('with an empty volume: the password is changed before the first start, which makes the role of the apps', async () => {
    await shop.stack.compose(['down', '--volumes']);
    const before = shop.env();
    const done = await shop.rotate('POSTGRES_APP_PASSWORD', '--offline', '--yes');
    expect(`${done.code}\n${done.stderr}`).toMatch(/^0\n/);
    expect(shop.env()['POSTGRES_APP_PASSWORD']).not.toBe(before['POSTGRES_APP_PASSWORD']);
    await shop.stack.up();
    await shop.expectWorking('api');
    expect(shop.env()['POSTGRES_APP_ROLE']).toBe('app_b');
    expect((await shop.stack.app('api', '/db'))['rows']).toEqual(['app|1']);
  });
});
