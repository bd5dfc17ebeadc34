import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requireDocker, waitFor } from './docker.ts';
import { call } from './edge/client.ts';
import { type EdgeContainer, EdgeLab } from './edge/lab.ts';
import { workers } from './edge/processor.ts';
import { labStack } from './edge/stacks.ts';

describe.runIf(requireDocker())('#17 HTTP/3', () => {
  let lab: EdgeLab;
  let edge: EdgeContainer;
  let without: EdgeContainer;

  beforeAll(async () => {
    lab = await EdgeLab.open();
    await lab.startUpstream('web');
    edge = await lab.startEdge(labStack({ http3: true }));
    without = await lab.startEdge(labStack());
    await call(edge, '/');
  });
  afterAll(() => lab?.close());

  /** What curl prints about one request over HTTP/3 alone. */
  const over3 = (container: EdgeContainer, name: string, ...options: string[]) =>
    lab.tlsTool([
      'curl',
      '--silent',
      '--show-error',
      '--insecure',
      '--http3-only',
      '--max-time',
      '15',
      '--include',
      '--connect-to',
      `${name}:8443:${container.address}:8443`,
      ...options,
      `https://${name}:8443/`,
    ]);

  test('answers with the headers of every other answer', async () => {
    const answer = await over3(edge, 'a.example.test');
    expect(answer).toMatch(/^HTTP\/3 200/);
    for (const header of ['strict-transport-security', 'content-security-policy', 'x-request-id', 'alt-svc'])
      expect(answer.match(new RegExp(`^${header}: `, 'gim'))).toHaveLength(1);
    expect(answer).toContain('"x-forwarded-proto":"https"');
  });

  test('#14 #15 unknown names are refused, and another Host is misdirected', async () => {
    expect(await over3(edge, 'unknown.test')).not.toMatch(/^HTTP\/3/);
    expect(await over3(edge, 'a.example.test', '--header', 'Host: b.example.test')).toMatch(/^HTTP\/3 421/);
  });

  test.each([
    ['/', 200],
    ['/.env', 404],
    ['/gone', 502],
  ])('is offered on %s (%i)', async (path, status) => {
    const answer = await call(edge, path);
    expect([answer.status, answer.all('alt-svc')]).toEqual([status, ['h3=":8443"; ma=86400']]);
  });

  test('workers reload without losing it', async () => {
    const before = await workers(edge);
    await lab.exec(edge, ['nginx', '-c', '/etc/secure-stack/nginx/nginx.conf', '-s', 'reload']);
    // A worker that is ending may still have taken the first packet of a connection.
    await waitFor('the old workers are gone', async () =>
      (await workers(edge)).every((id) => !before.includes(id)),
    );
    for (let i = 0; i < 6; i++) expect(await over3(edge, 'a.example.test')).toMatch(/^HTTP\/3 200/);
  });

  test('is off by default', async () => {
    expect((await call(without, '/')).headers['alt-svc']).toBeUndefined();
    expect(await over3(without, 'a.example.test')).not.toMatch(/^HTTP/);
  });
});
