import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ADDRESS, Lab, missingForLab } from '../system/firewall/lab.ts';
import { requireDocker, waitFor } from './docker.ts';
import { createSecureStack } from './generate.ts';
import { GeneratedStack } from './generated-stack.ts';
import { ensureImages } from './images.ts';
import { OwnEngine } from './own-engine.ts';
import { type RunResult, run } from './process.ts';
import { expectWaysOut, rotateStruck } from './rotation/fixture.ts';

const domain = 'shop.example.test';
const scanner = fileURLToPath(new URL('./port-scan.mjs', import.meta.url));
const everyPort = Array.from({ length: 65_535 }, (_, index) => index + 1);
const images = ['nginx:1.30', 'postgres:18.6-trixie'];

/**
 * What people write in a hurry: a database beside the stack, published to the world, and a port on the stack's own.
 * Docker opens published ports past `ufw`, by IPv4 and IPv6.
 */
const mistakes = {
  services: {
    reports: {
      image: 'postgres:18.6-trixie',
      environment: { POSTGRES_PASSWORD: 'guessed' },
      ports: ['5432:5432'],
      restart: 'always',
      healthcheck: { test: ['CMD', 'pg_isready', '-h', '127.0.0.1'], interval: '2s', retries: 30 },
    },
    postgres: { ports: ['5433:5432'] },
    web: { healthcheck: { interval: '1s' } },
  },
};

/**
 * A host with an engine of its own, a generated stack for production on it and that stack's firewall; and a stranger on
 * the wire in front of it. All of it in network namespaces.
 */
describe.runIf(requireDocker() && missingForLab().length === 0)('a host in production', () => {
  const lab = new Lab({ engine: 'real' });
  let engine: OwnEngine;
  let stack: GeneratedStack;

  const inNamespace = (place: 'host' | 'stranger', command: readonly string[]): Promise<RunResult> =>
    run('ip', ['netns', 'exec', lab.namespace(place), ...command], {
      env: { CSS_FIREWALL_STATE: lab.state },
      timeoutMs: 300_000,
      allowFailure: true,
    });
  const firewall = (...args: string[]) =>
    inNamespace('host', [join(stack.dir, 'firewall/firewall.sh'), ...args]);

  /** The TCP ports that accept the stranger, by default of all there are. */
  async function scan(address: string, ports = everyPort): Promise<number[]> {
    const { stdout } = await run(
      'ip',
      ['netns', 'exec', lab.namespace('stranger'), process.execPath, scanner, address, '500', '2000'],
      { input: ports.join('\n'), timeoutMs: 300_000 },
    );
    return JSON.parse(stdout) as number[];
  }
  async function openToTheWorld(): Promise<{ v4: number[]; v6: number[] }> {
    const [v4, v6] = await Promise.all([scan(ADDRESS.host), scan(ADDRESS.host6)]);
    return { v4, v6 };
  }

  async function healthy(): Promise<void> {
    await waitFor(
      'every container healthy',
      async () => {
        const states = Object.entries(await stack.inspectAll()).map(([name, { State }]) => [
          name,
          State.Health?.Status,
        ]);
        expect(states).toEqual(['edge', 'postgres', 'reports', 'web'].map((name) => [name, 'healthy']));
        return true;
      },
      { timeoutMs: 180_000, everyMs: 1000 },
    );
  }
  /** What a visitor gets, over a connection whose certificate was verified. */
  async function visit(address: string): Promise<string> {
    const at = address.includes(':') ? `[${address}]` : address;
    const target = ['--resolve', `${domain}:443:${at}`, `https://${domain}/`];
    const ca = ['--cacert', join(stack.dir, 'certs/ca/ca.crt')];
    return (await inNamespace('stranger', ['curl', '-sS', '--max-time', '10', ...ca, ...target])).stdout;
  }

  beforeAll(async () => {
    await ensureImages(images);
    // With an SSH server, and on port 9000 a service that somebody forgot.
    await lab.start();
    engine = await OwnEngine.start(lab.namespace('host'));
    await engine.load(...images);
    stack = await GeneratedStack.open('host', { env: engine.env });
    await stack.generate([
      ...['--environment', 'production', '--domain', domain, '--tls', 'dev-ca', '--ssh-port', '22'],
      ...['--service', 'postgres', '--app', 'name=web,path=/,needs=postgres'],
    ]);
    await writeFile(join(stack.dir, 'docker-compose.override.yml'), JSON.stringify(mistakes));
    await stack.up();
  });
  afterAll(async () => {
    try {
      await stack?.remove();
    } finally {
      await engine?.stop();
      lab.stop();
    }
  });

  test('without the firewall a stranger finds the database that was published by mistake', async () => {
    await healthy();
    // And not 5433: a port published on the stack's own leads nowhere, because its network is internal.
    const open = [22, 80, 443, 5432, 9000];
    expect(await openToTheWorld()).toEqual({ v4: open, v6: open });
  });

  test('with the stack’s firewall the scan finds the public ports and SSH, by IPv4 and IPv6', async () => {
    expect(await firewall('apply')).toMatchObject({ code: 0 });
    expect(await firewall('confirm')).toMatchObject({ code: 0 });
    expect(await openToTheWorld()).toEqual({ v4: [22, 80, 443], v6: [22, 80, 443] });
  });

  test('visitors still come in, by IPv4 and IPv6', async () => {
    expect(await visit(ADDRESS.host)).toContain('</html>');
    expect(await visit(ADDRESS.host6)).toContain('</html>');
  });

  test('after a restart of the Docker daemon everything is healthy again and the scan is the same', async () => {
    await engine.down();
    await engine.up();
    await healthy();
    expect(await openToTheWorld()).toEqual({ v4: [22, 80, 443], v6: [22, 80, 443] });
    expect(await visit(ADDRESS.host)).toContain('</html>');
    expect(await firewall('status')).toMatchObject({ code: 0 });
  });

  test('without the firewall again the mistake is open again: the scan could have seen it', async () => {
    expect(await firewall('remove')).toMatchObject({ code: 0 });
    expect(await scan(ADDRESS.host, [5432])).toEqual([5432]);
    expect(await scan(ADDRESS.host6, [5432])).toEqual([5432]);
  });

  test.each([
    ['crashes when a password is set and not proven, finished', '4', 'resume'],
    ['is stopped when the files are written and the app is not replaced, undone', '6', 'rollback'],
  ])('a rotation in which the daemon %s', async (_what, at, way) => {
    const ids = ['POSTGRES_PASSWORD', 'POSTGRES_APP_PASSWORD'];
    const stored = async (id: string): Promise<string> =>
      new RegExp(`^${id}=(.*)$`, 'm').exec(await stack.read('.env'))![1]!;
    const before = await Promise.all(ids.map(stored));
    // The program waits while its engine ends.
    const [held, ended] = ['held', 'ended'].map((name) => join(stack.parent, `${name}-${way}`));
    const command = `touch ${held}; until [ -e ${ended} ]; do sleep 0.1; done`;
    const rotation = rotateStruck(stack.dir, { at, command, env: engine.env }, ...ids);
    await waitFor('a record of the journal', async () => existsSync(held!), {
      timeoutMs: 240_000,
      everyMs: 50,
    });
    await (way === 'resume' ? engine.crash() : engine.down());
    await writeFile(ended!, '');
    expectWaysOut(await rotation, /^error: docker .*Cannot connect to the Docker daemon/);

    await engine.up();
    // After a crash it ends the containers that have gone on, and starts none of them.
    if (way === 'resume') await stack.up();
    const again = await createSecureStack(['rotate', `--${way}`, '--yes'], {
      cwd: stack.dir,
      env: engine.env,
      allowFailure: true,
      timeoutMs: 300_000,
    });
    expect(`${again.code}\n${again.stderr}`).toMatch(/^0\n/);
    await healthy();
    // The edge may have asked for the app's address in the moment of its change (docs/rotation.md).
    await waitFor('a page', async () => (await visit(ADDRESS.host)).includes('</html>'));
    const login =
      'IFS= read -r PGPASSWORD; export PGPASSWORD; psql -X -w -h postgres -U "$0" -d postgres -Atc "select 1"';
    for (const [index, id] of ids.entries()) {
      const now = await stored(id);
      expect([id, now === before[index]]).toEqual([id, way === 'rollback']);
      const words = ['exec', '-T', 'postgres', 'sh', '-c', login, index === 0 ? 'postgres' : 'app'];
      expect((await stack.compose(words, { input: `${now}\n` })).stdout).toBe('1\n');
    }
  });
});
