// `mailpit`: catches what is sent to SMTP port 1025 and lists it over HTTP on port 8025.
import { randomUUID } from 'node:crypto';
import { appendFileSync, existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createSmtpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

serve();

function serve() {
  // Without MP_DATABASE the mail is kept in a temporary file, so a read-only root needs a writable /tmp, as with the original.
  const database = process.env.MP_DATABASE || join(mkdtempSync(join(tmpdir(), 'mailpit-')), 'mailpit.db');
  const stored = existsSync(database) ? readFileSync(database, 'utf8').split('\n').filter(Boolean) : [];
  const messages = stored.map((line) => JSON.parse(line));
  appendFileSync(database, '');

  const store = (envelope, source) => {
    const message = parseMessage(envelope, source);
    appendFileSync(database, `${JSON.stringify(message)}\n`);
    messages.unshift(message);
  };
  const smtp = createSmtpServer((socket) => smtpSession(socket, store)).listen(1025);
  const http = createHttpServer((request, response) => answer(request, response, messages)).listen(8025);
  for (const signal of ['SIGTERM', 'SIGINT']) {
    process.on(signal, () => {
      smtp.close();
      http.close();
      process.exit(0);
    });
  }
}

function answer(request, response, messages) {
  const { pathname } = new URL(request.url, 'http://mailpit');
  const [, id] = /^\/api\/v1\/message\/([\w-]+)$/.exec(pathname) ?? [];
  const found = messages.find((message) => message.ID === id);
  const json = (body) => response.setHeader('Content-Type', 'application/json').end(JSON.stringify(body));
  if (pathname === '/readyz' || pathname === '/livez') response.end('ok');
  else if (pathname === '/api/v1/messages') {
    json({ total: messages.length, messages_count: messages.length, start: 0, messages });
  } else if (found) json(found);
  else response.writeHead(404).end();
}

function parseMessage({ from, to }, source) {
  const [head, ...body] = source.split('\r\n\r\n');
  const header = (name) => new RegExp(`^${name}:[ \\t]*(.*)$`, 'im').exec(head)?.[1] ?? '';
  const text = body.join('\r\n\r\n');
  return {
    ID: randomUUID(),
    MessageID: header('Message-ID'),
    From: { Name: '', Address: from },
    To: to.map((address) => ({ Name: '', Address: address })),
    Subject: header('Subject'),
    Created: new Date().toISOString(),
    Size: Buffer.byteLength(source),
    Snippet: text.trim().slice(0, 250),
    Text: text,
  };
}

function smtpSession(socket, store) {
  let envelope = { from: '', to: [] };
  let data;
  let rest = '';
  const reply = (text) => socket.write(`${text}\r\n`);
  const address = (line) => /<([^>]*)>/.exec(line)?.[1] ?? '';

  const commands = {
    EHLO: () => reply('250 mailpit'),
    HELO: () => reply('250 mailpit'),
    MAIL: (line) => {
      envelope = { from: address(line), to: [] };
      reply('250 ok');
    },
    RCPT: (line) => {
      envelope.to.push(address(line));
      reply('250 ok');
    },
    DATA: () => {
      data = [];
      reply('354 end with a single dot');
    },
    RSET: () => {
      envelope = { from: '', to: [] };
      reply('250 ok');
    },
    NOOP: () => reply('250 ok'),
    QUIT: () => {
      reply('221 bye');
      socket.end();
    },
  };

  const take = (line) => {
    if (data === undefined) {
      const command = commands[line.slice(0, 4).toUpperCase()];
      if (command) command(line);
      else reply('502 not implemented');
    } else if (line === '.') {
      store(envelope, data.join('\r\n'));
      data = undefined;
      reply('250 queued');
    } else data.push(line.startsWith('.') ? line.slice(1) : line);
  };

  socket.setEncoding('utf8').on('data', (chunk) => {
    const lines = (rest + chunk).split('\r\n');
    rest = lines.pop();
    for (const line of lines) take(line);
  });
  // A client that hangs up is its own affair; the server goes on.
  socket.on('error', () => {});
  reply('220 mailpit ESMTP');
}
