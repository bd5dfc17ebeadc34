// The user's application in the tests: shows what reaches it, and what it can reach.
import { createHash } from 'node:crypto';
import { resolve4 } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { cacheRoundTrip, databaseLogin, sendMail } from './backends.mjs';
import { acceptWebSocket } from './websocket.mjs';

/** A variable's value, or the content, unchanged, of the file that NAME_FILE names. */
function setting(name) {
  const file = process.env[`${name}_FILE`];
  return file ? readFileSync(file, 'utf8') : process.env[name];
}

function required(name) {
  const value = setting(name);
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

function tryConnect(host, port) {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const finish = (state, detail) => {
      socket.destroy();
      resolve({ state, detail });
    };
    socket.setTimeout(1000, () => finish('timeout'));
    socket.once('connect', () => finish('open', socket.remoteAddress));
    socket.once('error', (error) => finish(error.code === 'ECONNREFUSED' ? 'refused' : 'closed', error.code));
  });
}

const routes = {
  '/health': () => ({ ok: true }),
  '/echo': (_query, request) => ({
    method: request.method,
    url: request.url,
    headers: request.headers,
    remoteAddress: request.socket.remoteAddress.replace(/^::ffff:/, ''),
  }),
  '/db': async () => ({ rows: await databaseLogin(required('DATABASE_URL')) }),
  '/cache': async () => ({ value: await cacheRoundTrip(required('REDIS_URL')) }),
  '/mail': async () => {
    await sendMail(required('SMTP_HOST'), Number(setting('SMTP_PORT') ?? 1025));
    return { sent: true };
  },
  // A hash: the tests compare secrets without showing them.
  '/env': (query) => {
    const value = setting(query.get('name'));
    return { sha256: value === undefined ? null : createHash('sha256').update(value).digest('hex') };
  },
  '/connect': (query) => tryConnect(query.get('host'), Number(query.get('port'))),
  '/dns': async (query) => ({ addresses: await resolve4(query.get('name')).catch(() => []) }),
  '/slow': async (query) => {
    await sleep(Number(query.get('ms')));
    return { slept: Number(query.get('ms')) };
  },
};

async function handle(request, response) {
  const { pathname, searchParams } = new URL(request.url, 'http://app');
  const status = /^\/status\/(\d{3})$/.exec(pathname);
  const route = routes[pathname];
  response.setHeader('Content-Type', 'application/json');
  if (status) response.writeHead(Number(status[1])).end();
  else if (pathname === '/big-header') {
    response.setHeader('X-Big', 'x'.repeat(Number(searchParams.get('bytes') ?? 6000))).end('{}');
  } else if (route) response.end(JSON.stringify(await route(searchParams, request)));
  else response.writeHead(404).end('{}');
}

const server = createServer((request, response) => {
  handle(request, response).catch((error) => {
    response.writeHead(500).end(JSON.stringify({ error: error.message }));
  });
});
server.on('upgrade', (request, socket) => {
  if (request.url.startsWith('/ws')) acceptWebSocket(request, socket);
  else socket.end('HTTP/1.1 404 Not Found\r\n\r\n');
});
server.listen(Number(process.env.PORT ?? 8080));

// The first process of a container has no default handlers; without these every stop takes the whole grace period.
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => {
    server.close(() => process.exit(0));
    server.closeAllConnections();
  });
}
