import { createPrivateKey } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AcmeScene, openScene, STATE } from '../e2e/acme/scene.ts';
import { inspect, requireDocker, waitFor } from '../e2e/docker.ts';
import { createSecureStack } from '../e2e/generate.ts';

// One stack through its life, in this order.
describe.runIf(requireDocker())('mode acme over HTTP-01 when something fails', () => {
  let scene: AcmeScene;
  let { stack, authority, acme, cert, clientLog, trusted } = {} as AcmeScene;
  let networks: Awaited<ReturnType<AcmeScene['acme']['networks']>>;

  beforeAll(async () => {
    scene = await openScene('certs-fail');
    ({ stack, authority, acme, cert, clientLog, trusted } = scene);
  });
  afterAll(() => scene?.close());

  test('the authority is down: it waits longer each time, across a restart too, and says why', async () => {
    await stack.compose(['up', '-d']);
    networks = await acme.networks();
    const first = await acme.attempt('failed');
    expect(first.reason).toMatch(/authority at https:\/\/ca\.test:14000\/dir cannot be reached/);
    const second = await acme.attempt('failed');
    const third = await acme.attempt('failed');
    const waits = [first, second, third].map(({ next, time }) => (next.getTime() - time.getTime()) / 1000);
    expect(waits).toEqual([4, 8, 12]);
    await stack.compose(['restart', '--timeout', '2', 'acme']);
    await waitFor('the client runs', async () => /the last attempt failed/.test(await clientLog()));
    const after = await acme.state();
    expect(after!.time).toEqual(third.time);
    const { State } = await inspect((await stack.ids())['acme']!);
    expect(State.Health!.Status).not.toBe('healthy');
    const check = await createSecureStack(['check', stack.dir, '--json'], { allowFailure: true });
    expect(check.code).toBe(4);
    expect(JSON.parse(check.stdout).findings).toContainEqual(
      expect.objectContaining({
        rule: 'certs.acme',
        severity: 'error',
        message: expect.stringContaining(first.reason),
      }),
    );
  });

  test('the name does not resolve, or leads to another server: each is told apart', async () => {
    await authority.start(networks.names);
    expect((await cert('renew')).code).toBe(1);
    expect((await acme.state())!.reason).toMatch(/does not resolve/);
    for (const name of ['shop.test', 'www.shop.test'])
      await authority.resolve(name, await authority.address(networks.names[1]));
    const wrong = await cert('renew');
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toMatch(/cannot reach port 80|leads to another server/);
  });

  test('with everything right the certificate arrives, is served and verified, and the stack is healthy', async () => {
    for (const name of ['shop.test', 'www.shop.test']) await authority.resolve(name, networks.edge);
    const before = await acme.served();
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

  test('the account is lost at the authority, and its certificates end soon: a new account, then renewal by itself', async () => {
    await authority.start(networks.names, { validSeconds: 60 });
    for (const name of ['shop.test', 'www.shop.test']) await authority.resolve(name, networks.edge);
    expect(await cert('renew', '--force')).toMatchObject({ code: 0 });
    expect(await clientLog()).toMatch(/does not know the account|making a new one/);
    const short = await acme.served();
    expect(Date.parse(short.validTo) - Date.now()).toBeLessThan(61_000);
    const next = await acme.servedAnother(short, 90_000);
    expect(Date.parse(next.validTo)).toBeGreaterThan(Date.parse(short.validTo));
    // In time: before the old one had ended.
    expect(Date.now()).toBeLessThan(Date.parse(short.validTo));
    expect((await trusted()).status).toBe(200);
  });

  test('the authority goes down: the old certificate stays served', async () => {
    await authority.start(networks.names);
    for (const name of ['shop.test', 'www.shop.test']) await authority.resolve(name, networks.edge);
    expect(await cert('renew', '--force')).toMatchObject({ code: 0 });
    const root = await authority.root();
    const before = await acme.served();
    await authority.stop();
    const renew = await cert('renew', '--force');
    expect(renew.code).toBe(1);
    expect(renew.stderr).toMatch(/cannot be reached/);
    expect((await acme.served()).fingerprint256).toBe(before.fingerprint256);
    expect((await trusted('/', root)).status).toBe(200);
    // A renewal that fails for a while is no reason to call the container sick.
    expect((await inspect((await stack.ids())['acme']!)).State.Health!.Status).toBe('healthy');
    await authority.start(networks.names);
    for (const name of ['shop.test', 'www.shop.test']) await authority.resolve(name, networks.edge);
  });

  test.each([
    ['the certificate’s key', `${STATE}/certificates/shop.test.key`],
    ['the account’s key', `${STATE}/accounts/ca.test_14000/ops@example.com/keys/ops@example.com.key`],
  ])('%s is lost: it is made anew, and a working pair served', async (_what, path) => {
    const before = await acme.served();
    await acme.lose(path);
    expect(await cert('renew', '--force')).toMatchObject({ code: 0 });
    const served = await acme.served();
    expect(served.fingerprint256).not.toBe(before.fingerprint256);
    const key = createPrivateKey(await readFile(join(stack.dir, 'certs/live/privkey.pem')));
    expect(served.checkPrivateKey(key)).toBe(true);
    expect((await trusted()).status).toBe(200);
  });

  test('killed in the middle of an attempt, it begins again and ends with a whole pair', async () => {
    await authority.start(networks.names, { pondersSeconds: 8 });
    for (const name of ['shop.test', 'www.shop.test']) await authority.resolve(name, networks.edge);
    const before = await acme.served();
    const renew = cert('renew', '--force');
    await waitFor('the attempt', async () => stat(join(stack.dir, `certs/acme/${STATE}/attempt`)));
    await stack.compose(['kill', 'acme']);
    expect((await acme.served()).fingerprint256).toBe(before.fingerprint256);
    await stack.compose(['up', '-d']);
    const served = await acme.servedAnother(before, 120_000);
    const key = createPrivateKey(await readFile(join(stack.dir, 'certs/live/privkey.pem')));
    expect(served.checkPrivateKey(key)).toBe(true);
    expect((await trusted()).status).toBe(200);
    await renew;
  });

  test('renewals that fail for long make the container count as sick, and the old certificate stays served', async () => {
    await authority.stop();
    const before = await acme.served();
    await acme.configure({ ACME_PATIENCE_SECONDS: '1' });
    await stack.compose(['up', '-d']);
    const container = (await stack.ids())['acme']!;
    await acme.attempt('failed');
    await acme.attempt('failed');
    await waitFor('unhealthy', async () => (await inspect(container)).State.Health!.Status === 'unhealthy');
    expect((await acme.served()).fingerprint256).toBe(before.fingerprint256);
  });
});
