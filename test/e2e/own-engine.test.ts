import { rm, stat } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Lab } from '../system/firewall/lab.ts';
import { requireDocker, run, waitFor } from './docker.ts';
import { OwnEngine } from './own-engine.ts';

describe.runIf(requireDocker())('an engine of its own in a network namespace', () => {
  const lab = new Lab({ engine: 'real' });
  let engine: OwnEngine;
  beforeAll(async () => {
    await lab.start();
    engine = await OwnEngine.start(lab.namespace('host'));
  });
  afterAll(async () => {
    await engine?.stop();
    lab.stop();
  });

  it('is another engine than the machine’s, with no rule outside of the namespace', async () => {
    const where = ['info', '--format', '{{.DockerRootDir}}'];
    expect((await engine.docker(where)).stdout).not.toBe((await run('docker', where)).stdout);
    expect(lab.run('host', ['nft', 'list', 'ruleset']).stdout).toContain('DOCKER');
    expect(lab.run('host', ['ip', 'link', 'show', 'docker0']).code).toBe(0);
  });

  it('comes back after a stop and after a crash', async () => {
    await engine.down();
    await engine.up();
    await engine.crash();
    await engine.up();
    expect((await engine.docker(['ps', '--quiet'])).stdout).toBe('');
  });

  it('leaves nothing behind', async () => {
    const folder = engine.env.DOCKER_HOST.replace(/^unix:\/\/|\/docker.sock$/g, '');
    await engine.stop();
    await expect(stat(folder)).rejects.toThrow('ENOENT');
    // What was killed has gone when the kernel has got to it.
    await waitFor(
      'the last process',
      async () => !(await run('ps', ['-eo', 'args'])).stdout.includes(folder),
    );
    await rm(folder, { recursive: true, force: true });
  });
});
