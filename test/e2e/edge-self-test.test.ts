import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inspect, requireDocker, run } from './docker.ts';
import { GeneratedStack } from './generated-stack.ts';
import { ensureImages } from './images.ts';

/** Address of this host that is not loopback: another machine would dial it. */
async function ownAddress(): Promise<string> {
  const { stdout } = await run('ip', ['-4', 'route', 'get', '192.0.2.1'], { allowFailure: true });
  return / src (\S+)/.exec(stdout)?.[1] ?? '127.0.0.1';
}

describe.runIf(requireDocker())('#50 nginx/verify.sh of a generated stack', () => {
  let stack: GeneratedStack;
  let address: string;

  beforeAll(async () => {
    await ensureImages(['nginx:1.30']);
    address = await ownAddress();
    stack = await GeneratedStack.open('verify');
    await stack.generate([
      ...['--set', 'environment=production', '--set', 'domains=["shop.test"]', '--set', 'tls.mode=dev-ca'],
      ...['--set', `edge.ports.http=${stack.ports.http}`, '--set', `edge.ports.https=${stack.ports.https}`],
      ...['--set', `edge.bind=${address}`],
      ...[
        '--set',
        'apps={"web":{"image":"sample","routes":[{"path":"/"},{"path":"/admin","allow":["198.51.100.0/24"]}]}}',
      ],
    ]);
    await stack.up();
  });
  afterAll(() => stack?.remove());

  const verify = async () => {
    const { stdout } = await run('sh', ['nginx/verify.sh'], { cwd: stack.dir, allowFailure: true });
    const lines = stdout.trim().split('\n');
    // A stand-in for the official image may be an older release of its series, which is what point 1 is there for.
    const failed = lines.filter(
      (line) => line.startsWith('FAIL') && !line.startsWith('FAIL  #1 nginx 1.30.'),
    );
    return { lines, failed };
  };

  test('holds inside, in the log, and towards this host', async () => {
    const { lines, failed } = await verify();
    expect(failed).toEqual([]);
    expect(lines).toContain('ok    #42 clients over IPv4 have their own address');
    expect(lines.filter((line) => line.startsWith('ok')).length).toBeGreaterThan(50);
  });

  test('#42 finds that the clients have the gateway’s address', async () => {
    // Dialled on its own address, the edge sees this host as the bridge’s gateway, as behind Docker’s relay.
    const { NetworkSettings } = await inspect((await stack.ids())['edge']!);
    const direct = Object.values(NetworkSettings.Networks)[0]!.IPAddress;
    const script = (await stack.read('nginx/verify.sh'))
      .replace(/^port=.*$/m, 'port=8443')
      .replace(/own=.*$/m, `own=${direct}`);
    const { code, stdout } = await run('sh', ['-s'], { input: script, allowFailure: true });
    expect(code).toBe(1);
    expect(stdout).toMatch(/FAIL {2}#42 clients over IPv4 have the address of the gateway of Docker/);
  });

  test('#9 the certificate has an ECDSA P-256 key', async () => {
    const curve = await new Promise((resolve, reject) => {
      const socket = connect(
        { host: address, port: stack.ports.https, servername: 'shop.test', rejectUnauthorized: false },
        () => {
          resolve(socket.getPeerCertificate().asn1Curve);
          socket.destroy();
        },
      );
      socket.on('error', reject);
    });
    expect(curve).toBe('prime256v1');
  });

  test('without a running edge it says so', async () => {
    await stack.compose(['stop', 'edge']);
    const { code } = await run('sh', ['nginx/verify.sh'], { cwd: stack.dir, allowFailure: true });
    expect(code).toBe(2);
  });
});
