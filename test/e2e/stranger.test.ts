import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  inspect,
  networkNamespaceStranger,
  requireDocker,
  run,
  type Stranger,
  waitHealthy,
} from './docker.ts';
import { hardening, Lab } from './hardened.ts';
import { ensureImages } from './images.ts';

describe.runIf(requireDocker())('a stranger on a network of the host', () => {
  const lab = new Lab();
  let stranger: Stranger;
  let app: string;
  let everywhere: number;
  let localOnly: number;

  beforeAll(async () => {
    await ensureImages(['css-test/app:1', 'css-test/bad:1']);
    stranger = await networkNamespaceStranger();
    const health = ['--health-cmd', 'curl -fsS http://127.0.0.1:$PORT/health', '--health-interval', '1s'];
    app = await lab.start('css-test/app:1', [...hardening, ...health, '-p', '8080']);
    const bad = await lab.start('css-test/bad:1', [...hardening, ...health, '-p', '127.0.0.1::5432']);
    await Promise.all([waitHealthy(app), waitHealthy(bad)]);
    everywhere = Number((await inspect(app)).NetworkSettings.Ports['8080/tcp']![0]!.HostPort);
    localOnly = Number((await inspect(bad)).NetworkSettings.Ports['5432/tcp']![0]!.HostPort);
  });
  afterAll(async () => {
    await lab.removeAll();
    await stranger?.remove();
  });

  it('finds a port that is published to the network, by IPv4 and IPv6, and not one that is published to the host', async () => {
    const ports = [1, localOnly, everywhere];
    expect(await stranger.scan(ports)).toEqual([everywhere]);
    expect(await stranger.scan(ports, { target: stranger.host.v6 })).toEqual([everywhere]);
  });

  it('scans all ports in a time that a test can afford', async () => {
    const started = Date.now();
    const open = await stranger.scan(Array.from({ length: 65_535 }, (_, index) => index + 1));
    expect(open).toContain(everywhere);
    expect(open).not.toContain(localOnly);
    expect(Date.now() - started).toBeLessThan(60_000);
  });

  it('is seen with its own address', async () => {
    const url = `http://${stranger.host.v4}:${everywhere}/echo`;
    const { stdout } = await stranger.exec('curl', ['-fsS', url]);
    expect(JSON.parse(stdout).remoteAddress).toBe(stranger.own.v4);
  });

  it('fails rather than calls a port closed when it has no way to the target', async () => {
    const lost = await networkNamespaceStranger();
    try {
      await lost.exec('ip', ['route', 'delete', 'default']);
      await expect(lost.scan([80], { target: '203.0.113.1' })).rejects.toThrow('ENETUNREACH');
    } finally {
      await lost.remove();
    }
  });

  it('leaves nothing behind', async () => {
    const gone = await networkNamespaceStranger();
    await gone.remove();
    expect((await run('ip', ['netns', 'list'])).stdout).not.toContain(gone.namespace);
    expect((await run('ip', ['-o', 'address'])).stdout).not.toContain(`${gone.host.v4}/`);
  });
});
