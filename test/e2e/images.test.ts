import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { docker, logs, requireDocker, waitExit, waitFor, waitHealthy } from './docker.ts';
import { hardening, Lab, mount, tmpfs } from './hardened.ts';
import { ensureImages } from './images.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

const engines = [
  { image: 'redis:8.10.1-trixie', server: 'redis-server', cli: 'redis-cli' },
  { image: 'valkey/valkey:9.1', server: 'valkey-server', cli: 'valkey-cli' },
];

const acl = [
  'user default off',
  'user health on nopass resetchannels -@all +ping',
  `user app on #${sha256('cache-password')} ~* &* +@all -@dangerous`,
  '',
].join('\n');

describe.runIf(requireDocker())('the cache images', () => {
  const lab = new Lab();
  beforeAll(() => ensureImages(engines.map(({ image }) => image)));
  afterAll(() => lab.removeAll());

  describe.each(engines)('$image', ({ image, server, cli }) => {
    const hardened = [
      ...[...hardening, '--user', '999:999', ...tmpfs.tmp],
      ...[
        '--health-cmd',
        `REDISCLI_AUTH=none ${cli} --user health ping | grep -q PONG`,
        '--health-interval',
        '1s',
      ],
    ];

    /** Runs one command as a user; the password reaches the client through stdin and its environment. */
    async function as(
      container: string,
      user: string,
      password: string,
      ...words: string[]
    ): Promise<string> {
      const script = `read -r REDISCLI_AUTH; export REDISCLI_AUTH; exec ${cli} --no-auth-warning --user "$0" "$@"`;
      const command = ['exec', '-i', container, 'bash', '-c', script, user, ...words];
      const { stdout, stderr } = await docker(command, { input: `${password}\n`, allowFailure: true });
      return stdout + stderr;
    }

    it('lets in the users of an ACL file and nobody else, and keeps its data over a second start', async () => {
      const options = [
        ...[...hardened, '-v', `${lab.volume()}:/data`],
        ...mount(await lab.file(`${server}/users.acl`, acl), '/run/secrets/users.acl'),
      ];
      const command = [server, '--aclfile', '/run/secrets/users.acl', '--appendonly', 'yes'];
      const first = await lab.start(image, options, command);
      await waitHealthy(first);

      expect((await docker(['exec', first, cli, 'ping'], { allowFailure: true })).stdout).toContain('NOAUTH');
      expect(await as(first, 'health', 'none', 'get', 'x')).toContain('NOPERM');
      expect(await as(first, 'app', 'wrong', 'ping')).toContain('WRONGPASS');
      expect(await as(first, 'app', 'cache-password', 'set', 'x', 'kept')).toContain('OK');
      expect(await as(first, 'app', 'cache-password', 'config', 'get', 'port')).toContain('NOPERM');
      await docker(['stop', first]);

      const second = await lab.start(image, options, command);
      await waitHealthy(second);
      expect(await as(second, 'app', 'cache-password', 'get', 'x')).toBe('kept\n');
    });

    it('takes a configuration file as its argument', async () => {
      const config = await lab.file(`${server}/cache.conf`, 'requirepass from-the-file\nsave ""\n');
      const container = await lab.start(
        image,
        [...hardened, '--tmpfs', '/data:uid=999', ...mount(config, '/run/secrets/cache.conf')],
        [server, '/run/secrets/cache.conf'],
      );
      const ping = () => as(container, 'default', 'from-the-file', 'ping');
      await waitFor('the password of the file', async () => (await ping()) === 'PONG\n');
    });

    it('has protected mode off unless told otherwise: without a password it serves the network', async () => {
      const remotely = (host: string) =>
        docker(['exec', host, 'bash', '-c', `${cli} -h "$(hostname)" ping 2>&1`], { allowFailure: true });
      const open = await lab.start(image, [...hardened, '--tmpfs', '/data:uid=999']);
      await waitFor('an answer', async () => (await remotely(open)).stdout === 'PONG\n');
      const closed = await lab.start(
        image,
        [...hardened, '--tmpfs', '/data:uid=999'],
        [server, '--protected-mode', 'yes'],
      );
      await waitFor('a refusal', async () => (await remotely(closed)).stdout.includes('DENIED'));
    });

    it('drops root when it has the capabilities', async () => {
      // SETPCAP: setpriv of util-linux 2.41 fails where 2.38 left the bounding set alone.
      const capabilities = ['CHOWN', 'SETUID', 'SETGID', 'SETPCAP', 'DAC_READ_SEARCH'].flatMap((name) => [
        '--cap-add',
        name,
      ]);
      const container = await lab.start(image, [
        ...hardening,
        ...capabilities,
        '-v',
        `${lab.volume()}:/data`,
      ]);
      await waitFor('uid 999', async () => (await processOwner(container)) === '999');
    });
  });

  it('redis goes on as root, in silence, when it cannot drop it', async () => {
    const container = await lab.start(engines[0]!.image, [...hardening, '-v', `${lab.volume()}:/data`]);
    await waitFor('the server', async () => (await logs(container)).includes('Ready to accept connections'));
    expect(await processOwner(container)).toBe('0');
  });

  it('valkey ends with an error where redis goes on: as a root that cannot drop, or without a writable /data', async () => {
    const image = engines[1]!.image;
    expect(await waitExit(await lab.start(image, [...hardening, '-v', `${lab.volume()}:/data`]))).not.toBe(0);
    const folder = await lab.folder('foreign', 0o755);
    const foreign = await lab.start(image, [...hardening, '--user', '999:999', '-v', `${folder}:/data`]);
    expect(await waitExit(foreign)).toBe(1);
    expect(await logs(foreign)).toContain('not writable');
  });
});

async function processOwner(container: string): Promise<string | undefined> {
  return (await docker(['exec', container, 'grep', '^Uid:', '/proc/1/status'])).stdout.split(/\s+/)[1];
}
