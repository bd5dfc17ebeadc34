import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AcmeAuthority } from './acme/authority.ts';
import { AcmeStack } from './acme/stack.ts';
import { inspect, logs, requireDocker } from './docker.ts';
import { createSecureStack } from './generate.ts';
import type { GeneratedStack } from './generated-stack.ts';

const SECRET = 'ACME_HTTPREQ_PASSWORD';

describe.runIf(requireDocker())('mode acme over DNS-01', () => {
  let stack: GeneratedStack;
  let authority: AcmeAuthority;
  let acme: AcmeStack;

  beforeAll(async () => {
    stack = await AcmeStack.open('certs-dns');
    authority = await AcmeAuthority.open(stack.parent, stack.name);
    const password = await stack.fileBeside('password', 'wrong');
    acme = await AcmeStack.generate(stack, authority, {
      domains: ['*.shop.test', 'shop.test'],
      tls: {
        dns: {
          provider: 'httpreq',
          secrets: ['HTTPREQ_PASSWORD'],
          environment: { HTTPREQ_ENDPOINT: 'http://ca.test:8056/cgi-bin', HTTPREQ_USERNAME: 'lego' },
          wait: 1,
        },
      },
      flags: ['--secret-file', `${SECRET}=${password}`],
    });
    await stack.compose(['up', '-d']);
    await authority.start((await acme.networks()).names);
  });
  afterAll(async () => {
    await authority?.stop();
    await stack?.remove();
  });

  const renew = () => createSecureStack(['cert', 'renew', stack.dir], { allowFailure: true });

  test('the provider refuses: the reason is told, the placeholder stays', async () => {
    const { code, stderr } = await renew();
    expect([code, stderr]).toEqual([1, expect.stringMatching(/401/)]);
  });

  test('a wildcard is issued, served and verified; nothing has to lead to this server', async () => {
    const placeholder = await acme.served();
    const env = await readFile(join(stack.dir, '.env'), 'utf8');
    await writeFile(join(stack.dir, '.env'), env.replace(/^(ACME_HTTPREQ_PASSWORD)=.*$/m, '$1=s3cret'));
    await stack.generate([]);
    await stack.up();
    // The client is healthy when it has handed the certificate over; the edge looks for one every few seconds.
    const served = await acme.servedAnother(placeholder);
    expect(served.subjectAltName).toBe('DNS:*.shop.test, DNS:shop.test');
    const root = await authority.root();
    for (const host of ['shop.test', 'a.shop.test', 'b.shop.test'])
      expect((await stack.request('/', { host }, root)).status).toBe(200);
  });

  test('the provider’s secret is a file of the client’s alone, in no environment and no log', async () => {
    const container = (await stack.ids())['acme']!;
    const { Config } = await inspect(container);
    expect(Config.Env.join('\n')).not.toContain('s3cret');
    expect(Config.Env).toContainEqual(expect.stringMatching(/^HTTPREQ_PASSWORD_FILE=/));
    expect(await logs(container)).not.toContain('s3cret');
  });
});
