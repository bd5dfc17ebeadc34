import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  compose,
  composeContainers,
  docker,
  inspect,
  logs,
  requireDocker,
  waitExit,
  waitFor,
  waitHealthy,
} from './docker.ts';
import { hardening, Lab } from './hardened.ts';
import { buildImage, contextHash, ensureImage, ensureImages } from './images.ts';

afterEach(() => vi.unstubAllEnvs());

describe('requireDocker', () => {
  it('throws under CI, and elsewhere says that nothing ran, when no engine answers', () => {
    vi.stubEnv('DOCKER_HOST', 'unix:///nonexistent/docker.sock');
    vi.stubEnv('CI', 'true');
    expect(requireDocker).toThrow('need a Docker Engine');

    vi.stubEnv('CI', '');
    const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    expect(requireDocker()).toBe(false);
    expect(said).toHaveBeenCalledExactlyOnceWith(
      expect.stringMatching(/^end-to-end tests did NOT run: .*\n$/),
    );
    said.mockRestore();
  });
});

describe.runIf(requireDocker())('the helpers', () => {
  const lab = new Lab();
  let dir: string;
  beforeAll(async () => {
    await ensureImages(['css-test/app:1']);
    dir = await mkdtemp(join(tmpdir(), `${lab.id}-`));
  });
  afterAll(async () => {
    await lab.removeAll();
    await rm(dir, { recursive: true, force: true });
  });

  it('run compose with no variable of the caller, and with those that are given', async () => {
    const service = {
      image: 'css-test/app:1',
      environment: { SEEN: '${SEEN:-nothing}' },
      stop_grace_period: '1s',
    };
    await writeFile(
      join(dir, 'docker-compose.yml'),
      JSON.stringify({ name: lab.id, services: { app: service } }),
    );
    vi.stubEnv('SEEN', 'from the shell');
    vi.stubEnv('COMPOSE_FILE', 'elsewhere.yml');
    const config = async (env = {}) => (await compose(dir, ['config', '--format', 'json'], { env })).stdout;
    expect(JSON.parse(await config()).services.app.environment.SEEN).toBe('nothing');
    expect(JSON.parse(await config({ SEEN: 'given' })).services.app.environment.SEEN).toBe('given');

    try {
      await compose(dir, ['up', '--detach', '--wait']);
      const containers = await composeContainers(dir, 'app');
      expect(containers).toHaveLength(1);
      expect((await inspect(containers[0]!)).Config.Env).toContain('SEEN=nothing');
    } finally {
      await compose(dir, ['down', '--volumes']);
    }
  });

  it('give up at once on a container that will never be healthy, and show why', async () => {
    const check = ['--health-cmd', 'echo reason; false', '--health-interval', '1s', '--health-retries', '1'];
    const sick = await lab.start('css-test/app:1', [...hardening, ...check]);
    await expect(waitHealthy(sick, 20_000)).rejects.toThrow(/unhealthy.*reason/s);

    const ended = await lab.start(
      'css-test/app:1',
      [...hardening, ...check],
      ['sh', '-c', 'echo last words; exit 7'],
    );
    expect(await waitExit(ended)).toBe(7);
    await expect(waitHealthy(ended, 20_000)).rejects.toThrow(/exited.*last words/s);
    expect(await logs(ended)).toBe('last words\n');

    const unchecked = await lab.start('css-test/app:1', hardening);
    await expect(waitHealthy(unchecked)).rejects.toThrow('no health check');
  });

  it('say what did not come true in time, and what the last attempt ran into', async () => {
    const attempt = waitFor('a miracle', () => Promise.reject(new Error('not today')), {
      timeoutMs: 50,
      everyMs: 10,
    });
    await expect(attempt).rejects.toMatchObject({
      message: 'a miracle: not after 50 ms',
      cause: { message: 'not today' },
    });
  });
});

describe.runIf(requireDocker())('the stand-in images', () => {
  const lab = new Lab();
  const imageId = async () => (await docker(['image', 'inspect', '-f', '{{.Id}}', tag])).stdout.trim();
  const tag = `${lab.id}:1`;
  /** Images that lose their tag to a later one. */
  const leftOver: string[] = [];
  beforeAll(() => ensureImages(['css-test/app:1']));
  afterAll(async () => {
    await docker(['image', 'rm', '--force', tag, ...leftOver], { allowFailure: true });
    await lab.removeAll();
  });

  it('are labelled with a hash of content, modes and arguments', async () => {
    const dockerfile = await lab.file(
      'context/Dockerfile',
      'FROM css-test/app:1\nARG A\nENV A=${A}\n',
      0o644,
    );
    const context = join(dockerfile, '..');
    const before = await contextHash(context);
    expect(await contextHash(context)).toBe(before);
    expect(await contextHash(context, { A: '1' })).not.toBe(before);
    await lab.file('context/extra', 'x', 0o644);
    const withExtra = await contextHash(context);
    expect(withExtra).not.toBe(before);
    await lab.file('context/extra', 'x', 0o755);
    expect(await contextHash(context)).not.toBe(withExtra);

    // Two at once: both succeed, and the result is one image.
    await Promise.all([buildImage(tag, context, { A: '1' }), buildImage(tag, context, { A: '1' })]);
    const { stdout } = await docker(['image', 'inspect', '-f', '{{json .Config}}', tag]);
    expect(JSON.parse(stdout).Env).toContain('A=1');
    expect(Object.values(JSON.parse(stdout).Labels)).toContain(await contextHash(context, { A: '1' }));
  });

  it('are built when missing or changed, and never in the place of an image that is not ours', async () => {
    await docker(['image', 'rm', '--force', tag], { allowFailure: true });
    // Ports that no other image is built with: the same build would be the same image, and be removed with ours.
    const standIn = { tag, context: 'app', args: { PORT: '9090' } };
    await ensureImage(standIn);
    const built = await imageId();
    leftOver.push(built);
    await ensureImage(standIn);
    expect(await imageId()).toBe(built);
    await ensureImage({ ...standIn, args: { PORT: '9091' } });
    leftOver.push(await imageId());
    expect(leftOver[1]).not.toBe(built);

    await docker(['tag', 'debian:trixie-slim', tag]);
    const official = await imageId();
    await ensureImage(standIn);
    expect(await imageId()).toBe(official);
  });

  it('are known by their tags', async () => {
    await expect(ensureImages(['unheard/of:1'])).rejects.toThrow(
      'no stand-in is defined for the image unheard/of:1',
    );
  });
});
