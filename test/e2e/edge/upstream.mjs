// The app behind the edge under test: shows what reached it, and answers the way careless apps do.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createHttp2Server, createSecureServer as createHttp2TlsServer } from 'node:http2';
import { createServer as createTlsServer } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';

let connections = 0;
/** Requests whose header has come. */
let requests = 0;
/** Requests that were answered by a closed connection. */
let resets = 0;

const careless = {
  '/own': {
    'content-security-policy': "default-src 'self' https://cdn.example",
    'x-frame-options': 'SAMEORIGIN',
    'referrer-policy': 'no-referrer',
    'strict-transport-security': 'max-age=1',
    'x-content-type-options': 'nosniff',
    'x-request-id': 'from-the-app',
    'permissions-policy': 'camera=(self)',
    'cross-origin-opener-policy': 'unsafe-none',
    'cross-origin-resource-policy': 'cross-origin',
    'x-powered-by': 'Express',
  },
  '/framed': { 'x-frame-options': 'SAMEORIGIN' },
  '/framed-never': { 'x-frame-options': 'deny' },
  '/framed-nonsense': { 'x-frame-options': 'ALLOWALL' },
  '/own-report-only': { 'content-security-policy-report-only': "default-src 'self'" },
  '/api/own-cors': { 'access-control-allow-origin': '*', 'access-control-allow-credentials': 'true' },
  '/own-cors': {
    'access-control-allow-origin': 'https://evil.test',
    'access-control-allow-credentials': 'true',
  },
  '/api/total': { 'access-control-expose-headers': 'X-Total-Count', 'x-total-count': '9' },
  '/api/odd': { 'access-control-expose-headers': 'X-"Total"' },
  '/cookies': { 'set-cookie': ['session=1; Path=/', 'XSRF-TOKEN=2'] },
  '/cookies/mixed': {
    'set-cookie': ['session=1; Path=/', 'embed=2;  SameSite=None; Secure', 'csrf=3; Path=/'],
  },
  '/cookies/word': { 'set-cookie': ['a=samesite=none; Path=/samesite=none'] },
  '/cookies/none': { 'set-cookie': ['embed=1; SameSite=None; Secure'] },
  '/busy/answer/503': { 'retry-after': '77' },
  '/page': { 'content-type': 'text/html; charset=utf-8' },
  '/static.css': { 'content-type': 'text/css' },
  // Says so; nobody unpacks it.
  '/packed.css': { 'content-type': 'text/css', 'content-encoding': 'gzip' },
  '/big-header': { 'x-large': 'x'.repeat(12_000) },
};

/** Server-sent events: one at once, the next after a while. */
async function events(response) {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write('data: first\n\n');
  await sleep(4000);
  response.end('data: second\n\n');
}

function answer(request, response) {
  requests++;
  if (request.url.endsWith('/stream')) return void events(response);
  // Not the URL parser: hostile paths are no URLs.
  const [pathname, query = ''] = request.url.split('?');
  if (pathname === '/reset') {
    resets++;
    return void request.socket.destroy();
  }
  const status = Number(/^\/(?:api\/|busy\/)?answer\/(\d{3})$/.exec(pathname)?.[1] ?? 200);
  for (const [name, value] of Object.entries(careless[pathname] ?? {})) response.setHeader(name, value);
  let size = 0;
  request.on('data', (chunk) => {
    size += chunk.length;
  });
  request.on('end', async () => {
    await sleep(pathname.endsWith('/slow') ? Number(/ms=(\d+)/.exec(query)?.[1] ?? 0) : 0);
    if (!response.hasHeader('content-type')) response.setHeader('content-type', 'application/json');
    response.writeHead(status);
    const { method, url, rawHeaders, socket } = request;
    const names = rawHeaders.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase());
    const { number: connection } = socket;
    // Long enough to be worth compressing.
    const padding = 'x'.repeat(2000);
    response.end(
      JSON.stringify({
        method,
        url,
        headers: request.headers,
        names,
        size,
        connection,
        resets,
        requests,
        padding,
      }),
    );
  });
}

const server = createServer(answer);
server.on('connection', (socket) => {
  socket.number = ++connections;
});
// Speaks just enough: the handshake's answer, then everything back.
server.on('upgrade', (request, socket) => {
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${request.headers.upgrade}\r\n\r\n`,
  );
  socket.pipe(socket);
});
server.listen(3000);

function unary(stream, headers) {
  stream.respond(
    { ':status': 200, 'content-type': 'application/grpc', 'x-seen': JSON.stringify(headers) },
    { waitForTrailers: true },
  );
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.resume();
  stream.on('end', () => stream.end());
}
createHttp2Server().on('stream', unary).listen(50_052);

// Over TLS, for nobody but the edge.
const tls = {
  cert: readFileSync('/certs/upstream.pem'),
  key: readFileSync('/certs/upstream-key.pem'),
  ca: readFileSync('/certs/fullchain.pem'),
  requestCert: true,
};
createTlsServer(tls, answer).listen(3443);
createHttp2TlsServer(tls).on('stream', unary).listen(50_053);
