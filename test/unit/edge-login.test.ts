import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { renderStack } from '../../src/library.ts';
import { edgeLogins, htpasswdLine, LOGIN_KEYS_FILE } from '../../src/stack/edge-login.ts';
import { checkAnswers } from '../../src/stack/load.ts';
import type { StackInput } from '../../src/stack/schema.ts';

const answers: StackInput = {
  version: 1,
  name: 'shop',
  environment: 'production',
  domains: ['shop.example'],
  tls: { mode: 'dev-ca' },
  apps: {
    web: { image: 'sample', routes: [{ path: '/' }] },
    grafana: { image: 'sample', routes: [{ path: '/graphs', auth: 'basic' }] },
    'my-admin': { image: 'sample', routes: [{ path: '/admin', auth: 'basic', allow: ['203.0.113.0/24'] }] },
  },
};
const { spec } = checkAnswers(answers);
const logins = edgeLogins(spec!);

describe('#40 logins at the edge', () => {
  test('one password for each guarded app, a random one of 128 bits or more, for the edge alone', () => {
    expect(logins.secrets.map(({ id, kind, consumers }) => [id, kind, consumers])).toEqual([
      ['EDGE_LOGIN_GRAFANA_PASSWORD', 'password', ['edge']],
      ['EDGE_LOGIN_MY_ADMIN_PASSWORD', 'password', ['edge']],
    ]);
    expect(logins.mounts.map(({ name }) => name)).toEqual([
      'edge_login_grafana',
      'edge_login_my_admin',
      LOGIN_KEYS_FILE,
    ]);
  });

  test('none without the answer', () => {
    const open = checkAnswers({ ...answers, apps: { web: { image: 'sample', routes: [{ path: '/' }] } } })
      .spec!;
    expect(edgeLogins(open)).toEqual({ secrets: [], files: [], mounts: [] });
  });

  test('the line in the file is the salted hash of the password, and no other password’s', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (password, other) => {
        const line = htpasswdLine('admin', password);
        expect(line).toMatch(/^admin:\{SSHA\}[A-Za-z0-9+/]+={0,2}$/);
        expect(htpasswdLine('admin', password)).toBe(line);
        const hash = Buffer.from(line.slice('admin:{SSHA}'.length), 'base64');
        const salt = hash.subarray(20);
        expect(salt).toHaveLength(16);
        const digest = (text: string) => createHash('sha1').update(text).update(salt).digest();
        expect(digest(password).equals(hash.subarray(0, 20))).toBe(true);
        if (other !== password) expect(htpasswdLine('admin', other)).not.toBe(line);
      }),
    );
  });

  test('the file of known logins is a table that nginx can read, whatever the passwords are', () => {
    const file = logins.files.find(({ name }) => name === LOGIN_KEYS_FILE)!;
    fc.assert(
      fc.property(fc.string(), fc.string(), (first, second) => {
        const values: Record<string, string> = {
          EDGE_LOGIN_GRAFANA_PASSWORD: first,
          EDGE_LOGIN_MY_ADMIN_PASSWORD: second,
        };
        const lines = file
          .content(
            (id) => values[id]!,
            () => '',
          )
          .split('\n');
        // nginx does not start with the same key twice.
        expect(new Set(lines).size).toBe(lines.length);
        for (const line of lines) expect(line).toMatch(/^"Basic [A-Za-z0-9+/]+={0,2}" "";$/);
      }),
    );
  });

  test('its files are among the secrets, which git never sees', () => {
    const files = renderStack(answers, { redactSecrets: true });
    const found = files.filter(({ path }) => path.includes('edge_login'));
    expect(found.map(({ path }) => path).sort()).toEqual([
      'secrets/edge_login_grafana',
      'secrets/edge_login_keys',
      'secrets/edge_login_my_admin',
    ]);
    const ignored = files.find(({ path }) => path === '.gitignore')!.content.split('\n');
    expect(ignored).toContain('/secrets/');
  });

  test('the route asks, limits guesses, delays them, and keeps the login to itself', () => {
    const site = renderStack(answers, { redactSecrets: true }).find(
      ({ path }) => path === 'nginx/sites/shop.example.conf',
    )!.content;
    const location = /location ~\* "\^\/\\s\*graphs[\s\S]*?\n {4}\}/.exec(site)![0];
    for (const line of [
      'auth_basic_user_file /run/secrets/edge_login_grafana;',
      'auth_delay 1s;',
      'limit_req zone=edge_login burst=10 nodelay;',
      'proxy_set_header Authorization "";',
    ])
      expect(location).toContain(line);
  });
});

test('#17 HTTP/3 by answer publishes and opens the UDP port, and only then', () => {
  const text = (edge: object, name: string) =>
    renderStack({ ...answers, edge }, { redactSecrets: true })
      .filter(({ path }) => path.includes(name))
      .map(({ content }) => content)
      .join('\n');
  expect(text({ http3: true }, 'docker-compose.yml')).toContain('443:8443/udp');
  expect(text({}, 'docker-compose.yml')).not.toContain('/udp');
  expect(text({ http3: true }, 'firewall/')).not.toBe(text({}, 'firewall/'));
});
