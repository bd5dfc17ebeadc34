import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GeneratedFile } from '../../src/fileset.ts';
import { renderSampleApp } from '../../src/render/sample/index.ts';
import { route } from '../fixtures/edge.ts';
import { requireDocker, waitFor } from './docker.ts';
import { call } from './edge/client.ts';
import { type EdgeContainer, EdgeLab } from './edge/lab.ts';
import { labStack } from './edge/stacks.ts';

const file = (path: string, content: string): GeneratedFile => ({
  path: `sample/${path}`,
  content,
  mode: 0o644,
  class: 'seed',
});

/** Long enough to be worth compressing. */
const notThere = `not here${' '.repeat(4000)}`;

const site = [
  file('index.html', 'home'),
  file('docs/index.html', 'docs'),
  file('app.js', 'let x;'),
  file('large.html', 'x'.repeat(4000)),
  file('large.js', 'x'.repeat(4000)),
  file('404.html', notThere),
  file('.env', 'SECRET=1'),
  file('app.js.bak', 'SECRET=1'),
  file('config.old', 'SECRET=1'),
  file('dump.sql', 'SECRET=1'),
  file('app.js~', 'SECRET=1'),
  file('server.log', 'SECRET=1'),
  file('x.swp', 'SECRET=1'),
  file('.git/config', 'SECRET=1'),
  file('a b.txt', 'text'),
];

describe.runIf(requireDocker())('static sites', () => {
  let lab: EdgeLab;
  let sample: EdgeContainer;
  let plain: EdgeContainer;
  let singlePage: EdgeContainer;
  const get = (container: EdgeContainer, path: string) => call(container, path, { plain: true });

  beforeAll(async () => {
    lab = await EdgeLab.open();
    sample = await lab.startSite();
    plain = await lab.startSite(false, site, {
      links: { 'sample/outside.txt': '/etc/passwd', 'sample/inside.txt': 'app.js' },
    });
    singlePage = await lab.startSite(true, site);
  });
  afterAll(() => lab?.close());

  test.each(['/', '/api', '/api/v1/items'])('the sample shows its page on %s', async (path) => {
    const page = await get(sample, path);
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(page.body).toContain('Your stack is running');
  });

  test('the sample, routed at a path of the edge, is there with its style, and says how to route an app', async () => {
    const app = { app: 'sample', port: 8080 };
    await lab.startSite(true, renderSampleApp(), { alias: 'sample' });
    const edge = await lab.startEdge(labStack({ routes: [route('/', app), route('/api', app)] }));
    await waitFor('the sample is found', async () => (await call(edge, '/api')).status === 200);
    for (const path of ['/api', '/api/', '/api/v1/items?x=1'])
      expect((await call(edge, path)).body).toContain('<code>apps.NAME.routes</code>');
    const style = await call(edge, '/style.css');
    expect([style.status, style.headers['content-type']]).toEqual([200, 'text/css']);
    expect((await call(edge, '/api/missing.js')).status).toBe(404);
  });

  test('the sample has its style, and no configuration to show', async () => {
    expect((await get(sample, '/style.css')).headers['content-type']).toContain('text/css');
    expect((await get(sample, '/nginx.conf')).status).toBe(404);
  });

  test('files by their type, folders by their index, always the current ones', async () => {
    expect(await get(plain, '/')).toMatchObject({ status: 200, body: 'home' });
    expect(await get(plain, '/docs/')).toMatchObject({ status: 200, body: 'docs' });
    const script = await get(plain, '/app.js');
    expect(script.headers['content-type']).toMatch(/javascript/);
    expect([script.headers['cache-control'], typeof script.headers.etag]).toEqual(['no-cache', 'string']);
    expect((await get(plain, '/a%20b.txt')).body).toBe('text');
  });

  test('#49 scripts are compressed, pages are not, nor what stands in for a file', async () => {
    const encoding = async (container: EdgeContainer, path: string) =>
      (await call(container, path, { plain: true, headers: { 'accept-encoding': 'gzip' } })).headers;
    for (const container of [plain, singlePage]) {
      expect(await encoding(container, '/large.js')).toMatchObject({
        'content-encoding': 'gzip',
        vary: 'Accept-Encoding',
      });
      for (const path of ['/large.html', '/missing.js'])
        expect((await encoding(container, path))['content-encoding']).toBeUndefined();
    }
    expect((await encoding(sample, '/'))['content-encoding']).toBeUndefined();
  });

  test('#44 no request is told in the log', async () => {
    for (const path of ['/nothing?token=SECRET', '/outside.txt?token=SECRET', '/assets/old.js?token=SECRET'])
      for (const container of [plain, singlePage]) await get(container, path);
    for (const container of [plain, singlePage])
      expect(await container.errorLog()).not.toMatch(/SECRET|GET /);
  });

  test('a folder without its slash is redirected without naming the container’s port', async () => {
    const { status, headers } = await get(plain, '/docs');
    expect([status, headers.location]).toEqual([301, '/docs/']);
  });

  test('what is not there is the site’s own 404 page, without a version', async () => {
    const { status, body, headers } = await get(plain, '/nothing');
    expect([status, body, headers.server]).toEqual([404, notThere, 'nginx']);
  });

  test('of a single page, every path is the page, but a missing file is missing', async () => {
    expect(await get(singlePage, '/cart/7')).toMatchObject({ status: 200, body: 'home' });
    expect((await get(singlePage, '/assets/old.js')).status).toBe(404);
    expect((await get(singlePage, '/app.js')).body).toBe('let x;');
  });

  test.each(['/app.js.bak', '/config.old', '/dump.sql', '/app.js~', '/.git/config', '/x.swp', '/server.log'])(
    '#41 %s, which a tool or an editor left, is not served',
    async (path) => {
      for (const container of [plain, singlePage])
        expect([path, (await get(container, path)).status]).toEqual([path, 404]);
    },
  );

  test('links are not followed, wherever they lead, and only reading is allowed', async () => {
    const outside = await get(plain, '/outside.txt');
    expect([outside.status, outside.body.includes('root:')]).toEqual([404, false]);
    expect((await get(plain, '/inside.txt')).status).toBe(404);
    expect((await call(plain, '/app.js', { plain: true, method: 'PUT', body: 'x' })).status).toBe(405);
  });

  test.each(['/.env', '/docs/../.env', '/%2eenv', '/../../etc/passwd', '/..%2f..%2fetc/passwd'])(
    '#41 %s is never served',
    async (path) => {
      for (const container of [plain, singlePage]) {
        const { body } = await get(container, path);
        expect(body).not.toMatch(/SECRET|root:/);
      }
    },
  );
});
