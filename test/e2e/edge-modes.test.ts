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

/** The configuration less what only the ACME module understands; its variable becomes a file that is not there yet. */
function withoutModule(files: GeneratedFile[]): GeneratedFile[] {
  return files.map((file) => ({
    ...file,
    content: file.content
      .replace(/^load_module .*\n/m, '')
      .replace(/^acme_issuer edge \{[^}]*\}\n/m, '')
      .replace(/^\s*acme_certificate .*\n/m, '')
      .replaceAll(/\$acme_certificate(?:_key)?/g, '/var/lib/acme/$ssl_server_name.pem'),
  }));
}

describe.runIf(requireDocker())('certificates and files of the user', () => {
  let lab: EdgeLab;

  beforeAll(async () => {
    lab = await EdgeLab.open();
    await lab.startUpstream('web');
  });
  afterAll(() => lab?.close());

  test('#5 mode acme: without a certificate HTTP answers, the authority’s path is free, a handshake fails', async () => {
    const acme = { directory: 'https://ca.example.test/directory', email: 'ops@example.test' };
    const stack = {
      ...labStack({ tls: { mode: 'acme', policy: 'intermediate', acme } }),
      domains: ['a.example.test', 'b.example.test'],
    };
    const edge = await lab.startEdge(stack, withoutModule);
    expect((await call(edge, '/health', { plain: true })).status).toBe(200);
    expect((await call(edge, '/.well-known/acme-challenge/x', { plain: true })).status).toBe(404);
    expect((await call(edge, '/x', { plain: true })).status).toBe(308);
    await expect(call(edge, '/')).rejects.toThrow(/SSL|TLS|socket|EPROTO/i);
  });

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
      userFile(
        'nginx/custom/mine.conf',
        'proxy_headers_hash_max_size 2048;\nadd_header X-Mine yes always;\n',
      ),
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
