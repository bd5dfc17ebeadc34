import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bare } from '../bench/edge-rivals.ts';
import { run, waitFor } from '../e2e/docker.ts';
import { call } from '../e2e/edge/client.ts';
import { type EdgeContainer, EdgeLab } from '../e2e/edge/lab.ts';
import { edgeStack, route } from '../fixtures/edge.ts';

/** Pinned, and fetched only for this test: it brings a database client and a web framework along. */
const observatory = '@mdn/mdn-http-observatory@1.4.8';
const connector = fileURLToPath(new URL('./observatory-connect.mjs', import.meta.url));

interface Scan {
  scan: { grade: string; score: number; testsFailed: number };
  tests: Record<string, { pass: boolean; result: string; scoreModifier: number }>;
}

describe('MDN HTTP Observatory, on the route of the sample app', () => {
  let lab: EdgeLab;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'css-observatory-'));
    // Without its scripts, which would fetch lists from elsewhere.
    const install = [
      'install',
      '--prefix',
      folder,
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      observatory,
    ];
    // With the caller's own settings: they say where packages come from.
    const env = Object.fromEntries(Object.entries(process.env).map(([name, value]) => [name, value ?? '']));
    await run('npm', install, { env, timeoutMs: 600_000 });
    // Nothing is preloaded, so nothing is given for it.
    await writeFile(join(folder, 'node_modules/@mdn/mdn-http-observatory/conf/hsts-preload.json'), '{}');
    lab = await EdgeLab.open();
    await lab.startSite(true, undefined, { alias: 'web' });
  });
  afterAll(async () => {
    await lab?.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function scan(edge: EdgeContainer): Promise<Scan> {
    const program = join(folder, 'node_modules/@mdn/mdn-http-observatory/src/scan.js');
    const { stdout } = await run(process.execPath, ['--import', connector, program, 'a.example.test'], {
      env: { EDGE_ADDRESS: edge.address, NODE_EXTRA_CA_CERTS: lab.certificate },
      cwd: folder,
    });
    return JSON.parse(stdout) as Scan;
  }

  test('#22 grades the edge A+, with nothing failed', async () => {
    const edge = await lab.startEdge(
      edgeStack({ routes: [route('/', { port: 8080 })] }, { domains: ['a.example.test'] }),
    );
    await waitFor('the sample is found', async () => (await call(edge, '/')).status === 200);
    const { scan: result, tests } = await scan(edge);
    console.info(
      result,
      Object.entries(tests).map(
        ([name, { result: what, scoreModifier }]) => `${name}: ${what} (${scoreModifier})`,
      ),
    );
    expect(Object.entries(tests).filter(([, { pass }]) => !pass)).toEqual([]);
    expect(result.grade).toBe('A+');
  });

  test('does not grade a bare nginx with good TLS so: the judge judges', async () => {
    const content = bare.replace('server web:3000', 'server web:8080');
    const edge = await lab.startNginx('bare', [
      { path: 'nginx/nginx.conf', content, mode: 0o644, class: 'generated' },
    ]);
    const { scan: result } = await scan(edge);
    expect(result.score).toBeLessThan(70);
  });
});
