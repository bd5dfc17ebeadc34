import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inspectCertificate } from '../../src/certs/inspect.ts';
import { type AcmeScene, openScene, STATE } from './acme/scene.ts';
import { requireDocker, waitFor } from './docker.ts';
import { createSecureStack } from './generate.ts';

// One stack through its life, in this order.
describe.runIf(requireDocker())('mode acme over HTTP-01', () => {
  let scene: AcmeScene;
  let { stack, authority, acme, cert, clientLog, trusted } = {} as AcmeScene;
  let networks: Awaited<ReturnType<AcmeScene['acme']['networks']>>;

  beforeAll(async () => {
    scene = await openScene('certs-acme');
    ({ stack, authority, acme, cert, clientLog, trusted } = scene);
  });
  afterAll(() => scene?.close());

  test('#5 the edge starts with a placeholder, and answers the authority’s path with nothing yet', async () => {
    await stack.compose(['up', '-d', '--wait', 'edge']);
    expect(inspectCertificate((await acme.served()).toString()).placeholder).toBe(true);
    const request = (path: string) => stack.request(path, { host: 'shop.test', plain: true });
    expect((await request('/.well-known/acme-challenge/x')).status).toBe(404);
    expect((await request('/x')).status).toBe(308);
  });

  test('with everything right the certificate arrives, is served and verified, and the stack is healthy', async () => {
    await stack.compose(['up', '-d']);
    networks = await acme.networks();
    // Whether asked to or not, the client may succeed as soon as the names lead here.
    const before = await acme.served();
    await authority.start(networks.names);
    for (const name of ['shop.test', 'www.shop.test']) await authority.resolve(name, networks.edge);
    const renew = await cert('renew');
    expect(renew).toMatchObject({ code: 0 });
    const served = await acme.served();
    expect(served.fingerprint256).not.toBe(before.fingerprint256);
    expect(served.fingerprint256).toBe((await acme.onDisk()).fingerprint256);
    expect(served.subjectAltName).toBe('DNS:shop.test, DNS:www.shop.test');
    expect((await trusted()).status).toBe(200);
    await stack.up();
    await expect(trusted('/', authority.caPem)).rejects.toThrow();
  });

  test('keys are the client’s alone, but for the one that the edge serves', async () => {
    const mode = async (path: string) => ((await stat(join(stack.dir, path))).mode & 0o777).toString(8);
    expect(await mode('certs')).toBe('700');
    expect(await mode(`certs/acme/${STATE}`)).toBe('700');
    expect([await mode('certs/live/privkey.pem'), await mode('certs/live/fullchain.pem')]).toEqual([
      '444',
      '644',
    ]);
    const account = join(
      `certs/acme/${STATE}/accounts`,
      (await readdir(join(stack.dir, `certs/acme/${STATE}/accounts`)))[0]!,
    );
    const files = await readdir(join(stack.dir, account), { recursive: true, withFileTypes: true });
    for (const file of files.filter((entry) => entry.name.endsWith('.key')))
      expect((await stat(join(file.parentPath, file.name))).mode & 0o077).toBe(0);
    // No key was ever printed.
    expect(await clientLog()).not.toMatch(/PRIVATE KEY/);
  });

  test('a re-run writes nothing over it, and check finds nothing', async () => {
    const before = await readFile(join(stack.dir, 'certs/live/privkey.pem'), 'utf8');
    const again = await stack.generate([]);
    expect(`${again.stdout}${again.stderr}`).toMatch(/Nothing to change/);
    expect(await readFile(join(stack.dir, 'certs/live/privkey.pem'), 'utf8')).toBe(before);
    const check = await createSecureStack(['check', stack.dir, '--json'], { allowFailure: true });
    const found = JSON.parse(check.stdout).findings as { rule: string }[];
    expect(found.filter(({ rule }) => rule.startsWith('certs.') || rule.startsWith('mode.'))).toEqual([]);
  });

  test('asked again long before the end it keeps what it has', async () => {
    const before = await acme.served();
    const renew = await cert('renew');
    expect(renew.code).toBe(0);
    expect((await acme.served()).fingerprint256).toBe(before.fingerprint256);
  });

  test('T6 a forced renewal: the new one is served, under load, without a failed request', async () => {
    const before = await acme.served();
    const root = await authority.root();
    let stop = false;
    const statuses: number[] = [];
    const load = (async () => {
      // Before, during and after it, however fast that is.
      while (!stop || statuses.length <= 20) {
        statuses.push((await trusted('/', root)).status);
        // Below the edge's own limit.
        await sleep(100);
      }
    })();
    await waitFor('the first answers', async () => statuses.length > 2);
    const renew = await cert('renew', '--force');
    stop = true;
    await load;
    expect(renew).toMatchObject({ code: 0 });
    const served = await acme.served();
    expect(served.serialNumber).not.toBe(before.serialNumber);
    expect(renew.stdout).toContain(served.fingerprint256);
    expect(new Set(statuses)).toEqual(new Set([200]));
  });

  test('a domain more: the certificate covers it without anybody’s asking', async () => {
    const before = await acme.served();
    await authority.resolve('new.test', networks.edge);
    await stack.generate(['--set', 'domains[2]=new.test']);
    await stack.up();
    const served = await acme.servedAnother(before, 120_000);
    expect(served.subjectAltName).toContain('DNS:new.test');
  });
});
