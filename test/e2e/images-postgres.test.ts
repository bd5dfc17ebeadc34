import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { docker, inspect, logs, requireDocker, waitExit, waitFor, waitHealthy } from './docker.ts';
import { hardening, Lab, mount, tmpfs } from './hardened.ts';
import { ensureImages } from './images.ts';

const health = [
  '--health-cmd',
  'pg_isready -q -h 127.0.0.1 -U "${POSTGRES_USER:-postgres}" -d "${POSTGRES_DB:-postgres}"',
  ...['--health-interval', '1s', '--health-retries', '60'],
];
const hardened = [...hardening, '--user', '999:999', ...tmpfs.tmp, ...tmpfs.postgres, ...health];
const scram = 'POSTGRES_INITDB_ARGS=--auth-local=scram-sha-256 --auth-host=scram-sha-256 --data-checksums';

const versions = [
  { image: 'postgres:18.6-trixie', major: '18', volume: '/var/lib/postgresql' },
  { image: 'postgres:17.11-trixie', major: '17', volume: '/var/lib/postgresql/data' },
];

/** Runs SQL over the container's own network address, with the password on stdin. */
async function login(container: string, user: string, password: string, sql: string) {
  const script =
    'read -r PGPASSWORD; export PGPASSWORD; exec psql -X -At -h "$(hostname)" -U "$0" -d app -c "$1"';
  const options = { input: `${password}\n`, allowFailure: true };
  return docker(['exec', '-i', container, 'bash', '-c', script, user, sql], options);
}

describe.runIf(requireDocker())('the postgres image', () => {
  const lab = new Lab();
  beforeAll(() => ensureImages(versions.map(({ image }) => image)));
  afterAll(() => lab.removeAll());

  describe.each(versions)('$image', ({ image, major, volume }) => {
    let password: string;
    beforeAll(async () => {
      password = await lab.file(`${major}/password`, 'first-password\n');
    });

    it('initialises once, with the password and the scripts, and keeps its data over a second start', async () => {
      const scripts = '/docker-entrypoint-initdb.d';
      const options = [
        ...hardened,
        ...['-v', `${lab.volume()}:${volume}`, '-e', 'POSTGRES_DB=app', '-e', scram],
        ...[
          '-e',
          'POSTGRES_PASSWORD_FILE=/run/secrets/password',
          ...mount(password, '/run/secrets/password'),
        ],
        ...mount(
          await lab.file(
            `${major}/10.sh`,
            '#!/bin/sh\n[ -n "$BASH_VERSION" ] && sourced=yes\nuntil [ -e /tmp/seen ]; do sleep 0.1; done\n',
          ),
          `${scripts}/10.sh`,
        ),
        ...mount(
          await lab.file(`${major}/20.sh`, 'docker_process_sql -c "create table sourced_$sourced()"\n'),
          `${scripts}/20.sh`,
        ),
        ...mount(
          await lab.file(
            `${major}/30.sh`,
            '#!/bin/sh\npsql -U "$POSTGRES_USER" -d "$POSTGRES_DB" -c "create table executed_${sourced:-apart}()"\n',
            0o555,
          ),
          `${scripts}/30.sh`,
        ),
        ...mount(
          await lab.file(`${major}/40.sql`, "create role reader login password 'reader-password';\n"),
          `${scripts}/40.sql`,
        ),
      ];

      const first = await lab.start(image, options);
      // The first script waits for this test: the temporary server is up, but only on its socket.
      await waitFor('the temporary server', async () => {
        const { code } = await docker(['exec', first, 'pg_isready', '-q'], { allowFailure: true });
        return code === 0;
      });
      const early = await docker(['exec', first, 'pg_isready', '-h', '127.0.0.1'], { allowFailure: true });
      expect(early.stdout).toContain('no response');
      await docker(['exec', first, 'touch', '/tmp/seen']);

      await waitHealthy(first);
      const tables =
        "select string_agg(relname, ' ' order by relname) from pg_class where relname ~ '^(sourced|executed)'";
      const answer = await login(first, 'postgres', 'first-password', tables);
      expect(answer).toMatchObject({ code: 0, stdout: 'executed_apart sourced_yes\n' });
      expect(await login(first, 'reader', 'reader-password', 'select current_user')).toMatchObject({
        code: 0,
      });
      expect((await login(first, 'reader', 'wrong', 'select 1')).stderr).toContain(
        'password authentication failed',
      );
      const local = await docker(['exec', first, 'psql', '-wXU', 'postgres', '-c', ''], {
        allowFailure: true,
      });
      expect(local.stderr).toContain('no password supplied');

      await docker(['stop', '--time', '30', first]);
      expect((await inspect(first)).State.ExitCode).toBe(0);

      // A changed password is not applied to what is already initialised.
      const changed = await lab.file(`${major}/changed`, 'second-password');
      const second = await lab.start(image, [...options.map((word) => word.replace(password, changed))]);
      await waitHealthy(second);
      expect(await logs(second)).not.toContain('init process complete');
      expect(await login(second, 'postgres', 'first-password', tables)).toMatchObject({
        code: 0,
        stdout: answer.stdout,
      });
      expect((await login(second, 'postgres', 'second-password', tables)).code).not.toBe(0);
    });

    it('ends with an error when a variable is given both ways, or when there is no password', async () => {
      const both = ['-e', 'POSTGRES_PASSWORD=x', '-e', 'POSTGRES_PASSWORD_FILE=/run/secrets/password'];
      const exclusive = await lab.once(image, [...hardened, '--tmpfs', `${volume}:uid=999`, ...both]);
      expect(exclusive.code).toBe(1);
      expect(exclusive.stderr).toMatch(/POSTGRES_PASSWORD and POSTGRES_PASSWORD_FILE/);

      const none = await lab.once(image, [...hardened, '--tmpfs', `${volume}:uid=999`]);
      expect(none.code).toBe(1);
      expect(none.stderr).toContain('superuser password is not specified');
    });

    it('drops root, and needs DAC_READ_SEARCH to do so a second time', async () => {
      const capabilities = ['CHOWN', 'SETUID', 'SETGID'].flatMap((capability) => ['--cap-add', capability]);
      const options = [
        ...[...hardening, ...tmpfs.tmp, '--tmpfs', '/var/run/postgresql', ...health],
        ...['-v', `${lab.volume()}:${volume}`, '-e', 'POSTGRES_PASSWORD_FILE=/run/secrets/password'],
        ...mount(password, '/run/secrets/password'),
        ...capabilities,
      ];
      const first = await lab.start(image, options);
      await waitHealthy(first);
      const { stdout } = await docker(['exec', first, 'grep', '^Uid:', '/proc/1/status']);
      expect(stdout.split(/\s+/).slice(1, 5)).toEqual(['999', '999', '999', '999']);
      await docker(['stop', '--time', '30', first]);

      const second = await lab.start(image, options);
      expect(await waitExit(second)).not.toBe(0);
      expect(await logs(second)).toContain('Permission denied');
      await waitHealthy(await lab.start(image, [...options, '--cap-add', 'DAC_READ_SEARCH']));
    });
  });

  it('refuses with version 18 what version 17 has left, wherever it is mounted', async () => {
    const data = lab.volume();
    const secret = ['-e', 'POSTGRES_PASSWORD=throw-away'];
    const old = await lab.start(versions[1]!.image, [
      ...[...hardened, ...secret],
      ...['-v', `${data}:/var/lib/postgresql/data`],
    ]);
    await waitHealthy(old);
    await docker(['stop', '--time', '30', old]);

    for (const place of ['/var/lib/postgresql', '/var/lib/postgresql/data']) {
      const result = await lab.once(versions[0]!.image, [...hardened, ...secret, '-v', `${data}:${place}`]);
      expect(result.code, place).toBe(1);
      expect(result.stderr).toContain(`PostgreSQL data in: ${place}`);
    }
  });
});
