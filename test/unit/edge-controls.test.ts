import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { provenPoints, testFiles } from '../../build/points.ts';
import { edgePage, withSections } from '../../build/reference.ts';
import { fileServerConf } from '../../src/catalog/static.ts';
import { controlsOf, EDGE_CONTROLS } from '../../src/policy/edge/index.ts';
import { renderFileServer } from '../../src/render/file-server/index.ts';
import { renderNginx } from '../../src/render/nginx/index.ts';
import { checkAnswers } from '../../src/stack/load.ts';
import { edgeStack, fullEdgeStack, route } from '../fixtures/edge.ts';

const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

/** Something of every directive the generator can write. */
function everyDirective(): Set<string> {
  const full = fullEdgeStack();
  const { upstreamTls } = full.edge.routes.find((one) => one.upstreamTls)!;
  const routes = [
    ...full.edge.routes,
    route('/dash', { login: 'edge_login_web', timeoutSeconds: 5 }),
    route('/pkg.Secure', { app: 'engine', port: 50_053, protocol: 'grpc', upstreamTls: upstreamTls! }),
  ];
  const stacks = [
    { ...full, edge: { ...full.edge, routes, http3: true, ipv6: true } },
    edgeStack({ tls: { mode: 'dev-ca', policy: 'modern' }, logIpv6: 'last-segment' }),
  ];
  const sites = renderFileServer([false, true].map((one) => ({ command: [fileServerConf(one).target] })));
  const files = [...stacks.flatMap((stack) => renderNginx(stack)), ...sites].filter(({ path }) =>
    path.endsWith('.conf'),
  );
  return new Set(files.flatMap(({ content }) => directivesOf(content)));
}

/** Names at the start of lines, except the entries of tables. */
function directivesOf(content: string): string[] {
  const blocks: string[] = [];
  return content.split('\n').flatMap((line) => {
    const name = /^\s*([a-z][a-z0-9_]*)/.exec(line)?.[1];
    const isEntry = blocks.some((block) => block === 'map' || block === 'geo');
    if (/^\s*\}/.test(line)) blocks.pop();
    else if (line.trimEnd().endsWith('{')) blocks.push(name ?? '');
    return name === undefined || isEntry ? [] : [name];
  });
}

describe('the points of the edge', () => {
  test('are numbered without a gap, and each says all that there is to say', () => {
    expect(EDGE_CONTROLS.map(({ point }) => point)).toEqual(EDGE_CONTROLS.map((_, i) => i + 1));
    expect(EDGE_CONTROLS.length).toBeGreaterThanOrEqual(50);
    for (const { title, why, source, relax, file } of EDGE_CONTROLS)
      for (const text of [title, why, source, relax, file]) expect(text).toMatch(/\S{3}/);
  });

  test('#47 give a reason for every directive that is generated, and for no other', () => {
    const written = everyDirective();
    expect(written.size).toBeGreaterThan(100);
    expect([...written].filter((name) => controlsOf(name).length === 0)).toEqual([]);
    const explained = new Set(EDGE_CONTROLS.flatMap(({ directives }) => directives));
    expect([...explained].filter((name) => !written.has(name))).toEqual([]);
  });

  test.each([
    ['Content-Security-Policy', [22]],
    ['csp', [22]],
    ['Strict-Transport-Security', [12]],
    ['HSTS', [12]],
    ['CORS', [24]],
    ['retry-after', [35]],
    ['try_files', [41]],
    ['disable_symlinks', [41]],
    ['absolute_redirect', [16]],
    ['charset', [4]],
  ])('are found by %s', (topic, points) => {
    expect(controlsOf(topic).map(({ point }) => point)).toEqual(points);
  });

  test('are found by each header that the edge sets', () => {
    const headers = new Set(
      renderNginx(fullEdgeStack()).flatMap(({ path, content }) =>
        path === 'nginx/conf.d/headers.conf'
          ? [...content.matchAll(/^add_header (\S+)/gm)].map(([, name]) => name!)
          : [],
      ),
    );
    expect(headers.size).toBeGreaterThan(10);
    expect([...headers].filter((name) => controlsOf(name).length === 0)).toEqual([]);
  });

  test('are each proven by a test that carries the number', () => {
    const proven = provenPoints();
    expect(EDGE_CONTROLS.map(({ point }) => point).filter((point) => !proven.has(point))).toEqual([]);
  });

  test('a number that no test has is seen as missing', () => {
    expect(provenPoints().has(99)).toBe(false);
    expect(testFiles().length).toBeGreaterThan(10);
    expect(readdirSync(new URL('../e2e/', import.meta.url))).toContain('edge-verify.test.ts');
  });

  test('the examples of docs/edge.md are valid answers', () => {
    const blocks = [...read('docs/edge.md').matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, yaml]) =>
      parse(yaml!),
    );
    expect(blocks.length).toBeGreaterThanOrEqual(4);
    for (const block of blocks) {
      const apps = block.apps ?? { web: { image: 'sample', ...block } };
      const problems = checkAnswers({
        version: 1,
        name: 'shop',
        environment: 'production',
        domains: ['shop.example'],
        tls: { mode: 'dev-ca' },
        apps,
      }).problems;
      expect({ apps, problems }).toEqual({ apps, problems: [] });
    }
  });

  test('stand in docs/edge.md as they are (else: npm run generate)', () => {
    const page = read('docs/edge.md');
    expect(page).toBe(withSections(page, edgePage()));
  });
});
