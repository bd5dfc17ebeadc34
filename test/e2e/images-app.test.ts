import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { docker, inspect, requireDocker, waitFor, waitHealthy } from './docker.ts';
import { hardening, Lab, mount, tmpfs } from './hardened.ts';
import { ensureImages } from './images.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const password = 'p@ss/w:rd%20';
const inUrl = encodeURIComponent(password);

describe.runIf(requireDocker())('the application and mail images', () => {
  const lab = new Lab();
  let app: string;
  let mailpit: string;
  /** Network address of the application, reached over the bridge. */
  let address: string;

  const get = async (path: string, host = address) => {
    const response = await fetch(`http://${host}${path}`);
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : undefined };
  };

  beforeAll(async () => {
    await ensureImages([
      'postgres:18.6-trixie',
      'redis:8.10.1-trixie',
      'axllent/mailpit:v1.29',
      'css-test/app:1',
    ]);
    const network = await lab.network();
    const on = (alias: string) => ['--network', network, '--network-alias', alias];
    const service = [...hardening, '--user', '999:999', ...tmpfs.tmp];
    const secret = async (name: string, content: string) =>
      mount(await lab.file(name, content), `/run/secrets/${name}`);

    const db = await lab.start('postgres:18.6-trixie', [
      ...[...service, ...tmpfs.postgres, ...on('db'), '-v', `${lab.volume()}:/var/lib/postgresql`],
      ...['-e', 'POSTGRES_PASSWORD_FILE=/run/secrets/db', ...(await secret('db', password))],
      ...['--health-cmd', 'pg_isready -q -h 127.0.0.1', '--health-interval', '1s', '--health-retries', '60'],
    ]);
    await lab.start(
      'redis:8.10.1-trixie',
      [
        ...service,
        ...on('cache'),
        '--tmpfs',
        '/data:uid=999',
        ...(await secret('acl', `user default on >${password} ~* +@all\n`)),
      ],
      ['redis-server', '--aclfile', '/run/secrets/acl'],
    );
    mailpit = await lab.start('axllent/mailpit:v1.29', [
      ...[...hardening, '--user', '1000:1000', ...tmpfs.tmp, ...on('mail'), '--health-interval', '1s'],
    ]);
    app = await lab.start('css-test/app:1', [
      ...[...hardening, ...tmpfs.tmp, ...on('app')],
      ...['-e', 'DATABASE_URL_FILE=/run/secrets/database_url'],
      ...(await secret('database_url', `postgres://postgres:${inUrl}@db:5432/postgres`)),
      ...[
        '-e',
        'REDIS_URL_FILE=/run/secrets/redis_url',
        ...(await secret('redis_url', `redis://:${inUrl}@cache:6379`)),
      ],
      ...['-e', 'SMTP_HOST=mail', '-e', 'PLAIN=plain value', '-e', 'TOKEN_FILE=/run/secrets/token'],
      ...(await secret('token', 'with a newline\n')),
      ...['--health-cmd', 'curl -fsS http://127.0.0.1:8080/health', '--health-interval', '1s'],
    ]);
    await Promise.all([db, mailpit, app].map((container) => waitHealthy(container)));
    address = `${await ipAddress(app)}:8080`;
    await waitFor('the cache', async () => (await get('/cache')).status === 200);
  });
  afterAll(() => lab.removeAll());

  it('runs as uid 10001 and ends at once on SIGTERM', async () => {
    const { Config } = await inspect(app);
    expect(Config.User).toBe('10001:10001');
    const other = await lab.start('css-test/app:1', hardening);
    const host = `${await ipAddress(other)}:8080`;
    await waitFor('the application', async () => (await get('/health', host)).status === 200);
    const started = Date.now();
    await docker(['stop', '--time', '9', other]);
    expect(Date.now() - started).toBeLessThan(8000);
    expect((await inspect(other)).State.ExitCode).toBe(0);
  });

  it('shows the request as it arrived', async () => {
    const response = await fetch(`http://${address}/echo?a=b`, {
      method: 'PUT',
      headers: { 'X-Probe': 'yes' },
    });
    expect(await response.json()).toMatchObject({
      method: 'PUT',
      url: '/echo?a=b',
      headers: { 'x-probe': 'yes' },
      remoteAddress: expect.stringMatching(/^\d+\.\d+\.\d+\.1$/),
    });
  });

  it('logs in to the database and the cache with the secrets of its files', async () => {
    expect((await get('/db')).body).toEqual({ rows: ['postgres|1'] });
    expect((await get('/cache')).body).toEqual({ value: 'cached' });
  });

  it('says what a wrong password is answered with, without showing it', async () => {
    const network = Object.keys((await inspect(app)).NetworkSettings.Networks)[0]!;
    const wrong = await lab.start('css-test/app:1', [
      ...[...hardening, '--network', network],
      ...[
        '-e',
        'DATABASE_URL=postgres://postgres:nope-nope@db/postgres',
        '-e',
        'REDIS_URL=redis://:nope-nope@cache',
      ],
    ]);
    const host = `${await ipAddress(wrong)}:8080`;
    await waitFor('the application', async () => (await get('/health', host)).status === 200);
    const answers = [await get('/db', host), await get('/cache', host)];
    expect(answers.map(({ status }) => status)).toEqual([500, 500]);
    expect(answers[0]!.body.error).toContain('password authentication failed');
    expect(answers[1]!.body.error).toContain('WRONGPASS');
    expect(JSON.stringify(answers)).not.toContain('nope-nope');
  });

  it('sends a mail, which is caught', async () => {
    const inbox = `http://${await ipAddress(mailpit)}:8025`;
    expect((await fetch(`${inbox}/livez`)).status).toBe(200);
    expect((await get('/mail')).body).toEqual({ sent: true });
    const { total, messages } = (await (await fetch(`${inbox}/api/v1/messages`)).json()) as {
      total: number;
      messages: unknown[];
    };
    expect(total).toBe(1);
    expect(messages[0]).toMatchObject({
      Subject: 'From the app',
      From: { Address: 'app@example.test' },
      To: [{ Address: 'user@example.test' }],
    });
  });

  it('gives the hash of a variable or of its file, unchanged', async () => {
    expect((await get('/env?name=PLAIN')).body).toEqual({ sha256: sha256('plain value') });
    expect((await get('/env?name=TOKEN')).body).toEqual({ sha256: sha256('with a newline\n') });
    expect((await get('/env?name=ABSENT')).body).toEqual({ sha256: null });
  });

  it('tells an open port from a refused and a silent one, and resolves names', async () => {
    expect((await get('/connect?host=db&port=5432')).body).toMatchObject({ state: 'open' });
    expect((await get('/connect?host=db&port=1')).body).toMatchObject({ state: 'refused' });
    const nobody = address.replace(/\d+:\d+$/, '250');
    expect((await get(`/connect?host=${nobody}&port=80`)).body).toMatchObject({ state: 'timeout' });
    expect((await get('/dns?name=db')).body.addresses).toHaveLength(1);
    expect((await get('/dns?name=nobody.invalid')).body.addresses).toEqual([]);
  });

  it('answers with any status, a big header, or late', async () => {
    expect((await get('/status/418')).status).toBe(418);
    expect((await get('/nowhere')).status).toBe(404);
    expect((await get('/big-header?bytes=9000')).headers.get('x-big')).toHaveLength(9000);
    const started = Date.now();
    await get('/slow?ms=300');
    expect(Date.now() - started).toBeGreaterThanOrEqual(295);
  });

  it('echoes a WebSocket message', async () => {
    const [host, port] = address.split(':');
    const socket = connect({ host: host!, port: Number(port) });
    const key = randomBytes(16).toString('base64');
    const upgrade = ['GET /ws HTTP/1.1', 'Host: app', 'Connection: Upgrade', 'Upgrade: websocket'];
    socket.write([...upgrade, 'Sec-WebSocket-Version: 13', `Sec-WebSocket-Key: ${key}`, '\r\n'].join('\r\n'));
    const [handshake] = (await once(socket, 'data')) as [Buffer];
    const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    expect(handshake.toString()).toContain(`Sec-WebSocket-Accept: ${accept}\r\n`);

    const mask = randomBytes(4);
    const masked = Buffer.from('hello').map((byte, index) => byte ^ mask[index % 4]!);
    socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | masked.length]), mask, masked]));
    const [frame] = (await once(socket, 'data')) as [Buffer];
    expect(frame.subarray(0, 2)).toEqual(Buffer.from([0x81, 5]));
    expect(frame.subarray(2).toString()).toBe('hello');
    socket.destroy();
  });
});

async function ipAddress(container: string): Promise<string> {
  return Object.values((await inspect(container)).NetworkSettings.Networks)[0]!.IPAddress;
}
