import { X509Certificate } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { createAuthority } from '../../src/certs/authority.ts';
import { issueLeaf } from '../../src/certs/leaf.ts';
import type { CertificatePair } from '../../src/certs/pem.ts';
import { servedCertificate } from '../../src/certs/served.ts';
import { logs, requireDocker, waitFor } from './docker.ts';
import { createSecureStack } from './generate.ts';
import { GeneratedStack } from './generated-stack.ts';
import { ensureImages } from './images.ts';

const NAMES = ['shop.test'];

describe.runIf(requireDocker())('certificates of the user and of the development CA', () => {
  let stack: GeneratedStack;
  let authority: CertificatePair;

  beforeAll(async () => {
    await ensureImages(['nginx:1.30']);
    stack = await GeneratedStack.open('certs-files');
    authority = await createAuthority({ stackName: 'given', domains: NAMES, now: new Date() });
    await give(await issue());
    const answers = {
      version: 1,
      name: stack.name,
      environment: 'production',
      domains: NAMES,
      tls: { mode: 'files', certificate: '../chain.pem', key: '../key.pem' },
      apps: { web: { image: 'sample', routes: [{ path: '/' }] } },
    };
    const config = await stack.fileBeside('answers.yaml', stringify(answers));
    await stack.generate(['--config', config, ...stack.edgeFlags]);
    const quick = { environment: { CERTIFICATE_CHECK_SECONDS: '1' } };
    await writeFile(join(stack.dir, 'docker-compose.override.yml'), stringify({ services: { edge: quick } }));
    await stack.up();
  });
  afterAll(() => stack?.remove());

  const issue = () => issueLeaf({ authority, names: NAMES, now: new Date() });
  const give = async ({ certificatePem, keyPem }: CertificatePair) => {
    await stack.fileBeside('chain.pem', certificatePem);
    await stack.fileBeside('key.pem', keyPem);
  };
  const served = async () =>
    (await servedCertificate({ host: '127.0.0.1', port: stack.ports.https, servername: NAMES[0]! }))!
      .fingerprint256;
  const fingerprint = ({ certificatePem }: CertificatePair) =>
    new X509Certificate(certificatePem).fingerprint256;
  const cert = (...args: string[]) => createSecureStack(['cert', ...args, stack.dir], { allowFailure: true });
  const edgeLog = async () => logs((await stack.ids())['edge']!);

  test('files: new ones are taken by cert renew, and what is served is proved', async () => {
    const next = await issue();
    await give(next);
    const status = await createSecureStack(['check', stack.dir, '--json'], { allowFailure: true });
    expect(status.stdout).toContain('certs.out-of-step');
    expect(await cert('renew')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(fingerprint(next)),
    });
    expect(await served()).toBe(fingerprint(next));
    const { code, stdout } = await cert('status', '--json');
    expect([code, JSON.parse(stdout).served.state]).toEqual([0, 'current']);
  });

  test('files: a pair that does not belong together is refused before it reaches the edge', async () => {
    const before = await served();
    const [one, other] = [await issue(), await issue()];
    await give({ certificatePem: one.certificatePem, keyPem: other.keyPem });
    expect(await cert('renew')).toMatchObject({ code: 3, stderr: expect.stringMatching(/key/) });
    expect(await served()).toBe(before);
  });

  test('files: a bad pair put in place by other hands is refused by the edge, which serves the old one on', async () => {
    const before = await served();
    const live = (name: string) => join(stack.dir, 'certs/live', name);
    const good = await Promise.all(['fullchain.pem', 'privkey.pem'].map((name) => readFile(live(name))));
    const other = await issue();
    for (const bad of [other.keyPem, 'half a ke']) {
      await writeFile(live('privkey.pem'), bad);
      await waitFor('the refusal', async () =>
        /cannot be used; the old ones stay served/.test(await edgeLog()),
      );
      expect(await served()).toBe(before);
    }
    expect((await stack.request('/', { host: 'shop.test' }, authority.certificatePem)).status).toBe(200);
    await writeFile(live('fullchain.pem'), other.certificatePem);
    await writeFile(live('privkey.pem'), other.keyPem);
    await waitFor('the good pair', async () => (await served()) === fingerprint(other));
    await writeFile(live('fullchain.pem'), good[0]!);
    await writeFile(live('privkey.pem'), good[1]!);
    await waitFor('the first pair', async () => (await served()) === before);
    // No key reaches the log.
    expect(await edgeLog()).not.toMatch(/PRIVATE|half a ke/);
  });

  test('dev-ca: roll-over of the CA, with clients of either CA served in their turn', async () => {
    const yaml = (await stack.read('stack.yaml'))
      .replace(/mode: files/, 'mode: dev-ca')
      .replace(/^ +(?:certificate|key): .*\n/gm, '');
    await writeFile(join(stack.dir, 'stack.yaml'), yaml);
    await stack.generate([]);
    await stack.up();
    const trusts = async (ca: string) =>
      stack.request('/', { host: 'shop.test' }, ca).then(
        () => true,
        () => false,
      );
    const old = await stack.read('certs/ca/ca.crt');
    await waitFor('the leaf of the CA', () => trusts(old));
    const leaf = await served();
    expect(await cert('renew')).toMatchObject({ code: 0 });
    expect(await served()).not.toBe(leaf);
    expect(await trusts(old)).toBe(true);

    expect(await cert('renew', '--ca')).toMatchObject({ code: 0 });
    const next = await stack.read('certs/ca/next.crt');
    expect([await trusts(old), await trusts(next), await trusts(old + next)]).toEqual([true, false, true]);
    expect(await cert('renew', '--ca', '--finish')).toMatchObject({ code: 0 });
    expect(await stack.read('certs/ca/ca.crt')).toBe(next);
    // Whoever trusted both has noticed nothing.
    expect([await trusts(old), await trusts(next), await trusts(old + next)]).toEqual([false, true, true]);
  });
});
