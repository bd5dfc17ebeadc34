// Uses an example of docs/rotation.md: drive.mjs EXAMPLE (make|read|renew VALUE)… prints each result, or "refused".
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';

const EXAMPLES = '/example';
const [example, ...actions] = process.argv.slice(2);

/** One request through a middleware. @returns what `look` sees and the cookies of the answer */
async function request(middleware, cookie, look) {
  let seen;
  const server = createServer((req, res) =>
    middleware(req, res, () => {
      seen = look(req);
      res.end();
    }),
  );
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { headers } = await fetch(`http://127.0.0.1:${server.address().port}`, { headers: { cookie } });
  server.close();
  server.closeAllConnections();
  const cookies = headers.getSetCookie().map((line) => line.split(';')[0]);
  return { seen, cookies: cookies.join('; ') };
}

/** The example hands its middleware to the app, which is this. */
async function sessions(action, value) {
  // The module runs once.
  globalThis.app ??= { use: (given) => (globalThis.app.middleware = given) };
  const { keys } = await import(`${EXAMPLES}/node_sessions.mjs`);
  let { middleware } = globalThis.app;
  if (example === 'cookie-session') {
    const { default: cookieSession } = await import('cookie-session');
    middleware = cookieSession({ keys });
  }
  if (action === 'make')
    return (
      await request(middleware, '', ({ session, sessionID }) => {
        session.user = value;
        if (sessionID) writeFileSync(`/tmp/${sessionID}`, value);
      })
    ).cookies;
  if (example === 'express-session') {
    // The cookie holds the id alone, and what belongs to it was in the memory of the process that made it.
    const id = /s%3A(.*?)\./.exec(value)[1];
    const user = readFileSync(`/tmp/${id}`, 'utf8');
    await request(middleware, '', ({ sessionStore }) => sessionStore.set(id, { cookie: {}, user }));
  }
  return (await request(middleware, value, ({ session }) => session.user)).seen ?? 'refused';
}

async function fields(action, value) {
  const { encrypt, decrypt } = await import(`${EXAMPLES}/node_fields.mjs`);
  if (action === 'make') return encrypt(value);
  try {
    return action === 'read' ? decrypt(value) : encrypt(decrypt(value));
  } catch (error) {
    if (!error.message.startsWith('no key of the ring')) throw error;
    return 'refused';
  }
}

const use = example === 'AES-256-GCM' ? fields : sessions;
for (let index = 0; index < actions.length; index += 2)
  console.log(await use(actions[index], actions[index + 1]));
