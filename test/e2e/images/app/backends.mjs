// The application's clients: psql for PostgreSQL, and just enough of the Redis and SMTP protocols.
import { execFile } from 'node:child_process';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { connect as connectTls } from 'node:tls';
import { promisify } from 'node:util';

/** Logs in as the URL says and returns the lines of `select current_user, 1`. */
export async function databaseLogin(url) {
  const { username, password, hostname, port, pathname, searchParams } = new URL(url);
  const sslmode = searchParams.get('sslmode');
  const sslrootcert = searchParams.get('sslrootcert');
  const query = promisify(execFile)('psql', ['-X', '-w', '-At', '-c', 'select current_user, 1'], {
    timeout: 5000,
    // By the environment: what is in argv can be read by every process.
    env: {
      PATH: process.env.PATH,
      PGHOST: hostname,
      PGPORT: port || '5432',
      PGUSER: decodeURIComponent(username),
      PGPASSWORD: decodeURIComponent(password),
      PGDATABASE: decodeURIComponent(pathname.slice(1)),
      PGCONNECT_TIMEOUT: '3',
      ...(sslmode && { PGSSLMODE: sslmode }),
      ...(sslrootcert && { PGSSLROOTCERT: sslrootcert }),
    },
  });
  // execFile's own message repeats the command; what the server said is what matters.
  const { stdout } = await query.catch((error) => {
    throw new Error(error.stderr?.trim() || error.message);
  });
  return stdout.trim().split('\n');
}

/** Logs in as the URL says, writes a value under a random key and returns what is then read back. */
export async function cacheRoundTrip(url) {
  const { protocol, username, password, hostname, port } = new URL(url);
  const options = { host: hostname, port: Number(port || 6379), servername: hostname };
  const { socket, readLine } = open(protocol === 'rediss:' ? connectTls(options) : connect(options));
  const call = async (...words) => {
    socket.write(
      `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`,
    );
    const line = await readLine();
    if (line.startsWith('-')) throw new Error(line.slice(1));
    return line.startsWith('$') && line !== '$-1' ? readLine() : line.slice(1);
  };
  try {
    if (password) {
      const user = decodeURIComponent(username) || 'default';
      await call('AUTH', user, decodeURIComponent(password));
    }
    const key = `app:${process.pid}:${Date.now()}`;
    await call('SET', key, 'cached', 'EX', '10');
    return await call('GET', key);
  } finally {
    socket.destroy();
  }
}

/** Sends one mail, from app@example.test to user@example.test. */
export async function sendMail(host, port) {
  const { socket, readLine } = open(connect({ host, port }));
  const expect = async (code) => {
    let line = await readLine();
    while (/^\d{3}-/.test(line)) line = await readLine();
    if (!line.startsWith(code)) throw new Error(`expected ${code}, got: ${line}`);
  };
  const message = [
    'From: app@example.test',
    'To: user@example.test',
    'Subject: From the app',
    '',
    'Hello.',
    '.',
  ];
  try {
    await expect('220');
    for (const [line, code] of [
      ['EHLO app', '250'],
      ['MAIL FROM:<app@example.test>', '250'],
      ['RCPT TO:<user@example.test>', '250'],
      ['DATA', '354'],
      [message.join('\r\n'), '250'],
      ['QUIT', '221'],
    ]) {
      socket.write(`${line}\r\n`);
      await expect(code);
    }
  } finally {
    socket.destroy();
  }
}

function open(socket) {
  socket.setTimeout(3000, () => socket.destroy(new Error('no answer for 3 s')));
  const failed = new Promise((_, reject) => {
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the connection was closed')));
  });
  // It may fail while nobody reads.
  failed.catch(() => {});
  const lines = createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY })[
    Symbol.asyncIterator
  ]();
  return {
    socket,
    readLine: () => Promise.race([lines.next().then(({ value }) => value ?? failed), failed]),
  };
}
