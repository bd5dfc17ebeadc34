import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GeneratedFile } from '../../src/fileset.ts';
import { requireDocker } from './docker.ts';
import { call } from './edge/client.ts';
import { EdgeLab } from './edge/lab.ts';
import { labStack } from './edge/stacks.ts';

const userFile = (path: string, content: string): GeneratedFile => ({
  path,
  content,
  mode: 0o644,
  class: 'seed',
});

describe.runIf(requireDocker())('certificates and files of the user', () => {
  let lab: EdgeLab;

  beforeAll(async () => {
    lab = await EdgeLab.open();
    await lab.startUpstream('web');
  });
  afterAll(() => lab?.close());

  test('#16 mode files: another ACME client answers through nginx/webroot, on HTTP alone', async () => {
    const challenge = '/.well-known/acme-challenge/token_1-A';
    const edge = await lab.startEdge(labStack(), (files) => [
      ...files,
      userFile(`nginx/webroot${challenge}`, 'token.thumbprint'),
    ]);
    for (const host of ['a.example.test', 'x.wild.example.test', 'unknown.test'])
      expect(await call(edge, challenge, { plain: true, host })).toMatchObject({
        status: 200,
        body: 'token.thumbprint',
      });
    for (const path of ['/../../nginx.conf', '/..%2f..%2fnginx.conf', '/%2e%2e/%2e%2e/%2e%2e/nginx.conf']) {
      const { status, body } = await call(edge, `/.well-known/acme-challenge${path}`, { plain: true });
      expect([status === 200, body.includes('worker_processes')]).toEqual([false, false]);
    }
  });

  test('the user’s custom/*.conf are read, and add to what is there', async () => {
    const edge = await lab.startEdge(labStack(), (files) => [
      ...files,
      userFile('nginx/custom/mine.conf', 'types_hash_max_size 2048;\nadd_header X-Mine yes always;\n'),
    ]);
    const { headers } = await call(edge, '/');
    expect([headers['x-mine'], headers['x-frame-options']]).toEqual(['yes', 'DENY']);
  });

  test('development: no HSTS, everything else as in production', async () => {
    const stack = labStack({ tls: { mode: 'dev-ca', policy: 'intermediate' } });
    const edge = await lab.startEdge({ ...stack, environment: 'development' });
    const { headers } = await call(edge, '/');
    expect(headers['strict-transport-security']).toBeUndefined();
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'/);
  });
});
