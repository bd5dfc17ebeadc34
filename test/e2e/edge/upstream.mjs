// The app behind the edge under test: shows what reached it, and answers the way careless apps do.
import { createServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';

let connections = 0;

const careless = {
  '/own': {
    'content-security-policy': "default-src 'self' https://cdn.example",
    'x-frame-options': 'SAMEORIGIN',
    'referrer-policy': 'no-referrer',
    'strict-transport-security': 'max-age=1',
    'x-content-type-options': 'nosniff',
    'x-request-id': 'from-the-app',
    'x-powered-by': 'Express',
  },
  '/api/own-cors': { 'access-control-allow-origin': '*', 'access-control-allow-credentials': 'true' },
  '/cookies': { 'set-cookie': ['session=1; Path=/', 'XSRF-TOKEN=2'] },
  '/cookies/none': { 'set-cookie': ['embed=1; SameSite=None; Secure'] },
  '/big-header': { 'x-large': 'x'.repeat(12_000) },
};

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://x');
  const status = Number(/^\/(?:api\/)?answer\/(\d{3})$/.exec(pathname)?.[1] ?? 200);
  for (const [name, value] of Object.entries(careless[pathname] ?? {})) response.setHeader(name, value);
  let size = 0;
  request.on('data', (chunk) => {
    size += chunk.length;
  });
  request.on('end', async () => {
    await sleep(pathname === '/slow' ? Number(searchParams.get('ms')) : 0);
    response.writeHead(status, { 'content-type': 'application/json' });
    const { method, url, rawHeaders, socket } = request;
    const names = rawHeaders.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase());
    response.end(
      JSON.stringify({ method, url, headers: request.headers, names, size, connection: socket.number }),
    );
  });
});
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

const grpc = createHttp2Server();
grpc.on('stream', (stream, headers) => {
  stream.respond(
    { ':status': 200, 'content-type': 'application/grpc', 'x-seen': JSON.stringify(headers) },
    { waitForTrailers: true },
  );
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.resume();
  stream.on('end', () => stream.end());
});
grpc.listen(50_052);
