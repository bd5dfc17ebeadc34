import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { redis } from '../../src/catalog/redis.ts';
import { valkey } from '../../src/catalog/valkey.ts';
import { parseOptions } from './catalog.ts';

describe.each([redis, valkey])('$name', (service) => {
  const build = (options: object) =>
    service.build({ options: parseOptions(service, options), environment: 'production', clients: [] });
  const prefix = service.name.toUpperCase();

  test('has an explicit user: its image would stay root otherwise', () => {
    expect(build({}).workload.user).toBe('999:999');
  });

  test('no password stands in the command or the environment', () => {
    const { command, environment } = build({}).workload;
    expect(command).toEqual(expect.arrayContaining(['--aclfile', `/run/secrets/${service.name}_users.acl`]));
    expect(command).not.toContain('--requirepass');
    expect(environment).toEqual({});
  });

  test('the ACL file holds digests, shuts the default user and gives the health check nothing but PING', () => {
    const acl = build({}).secretFiles[0]!.content(
      (id) => `value of ${id}`,
      () => '',
    );
    const digest = (id: string): string => createHash('sha256').update(`value of ${id}`).digest('hex');
    expect(acl.split('\n')).toEqual([
      'user default off',
      `user app on #${digest(`${prefix}_APP_PASSWORD`)} ~* &* +@all -@admin -@dangerous +info`,
      `user admin on #${digest(`${prefix}_ADMIN_PASSWORD`)} ~* &* +@all`,
      'user health on nopass resetkeys resetchannels -@all +ping',
      '',
    ]);
    expect(acl).not.toContain('value of');
  });

  test('keeps data in a volume, or as a cache in memory', () => {
    expect(build({}).workload.volumes).toEqual([{ name: `${service.name}-data`, target: '/data' }]);
    const cache = build({ persistent: false }).workload;
    expect(cache.volumes).toEqual([]);
    expect(cache.tmpfs.map(({ target }) => target)).toContain('/data');
    expect(cache.command!.join(' ')).toContain('--appendonly no --save ');
  });

  test('the connection URL survives any password', () => {
    const [secret] = service.connect(parseOptions(service, {})).secrets;
    const url = new URL(secret!.derive(() => 'a/b@c:d'));
    expect([url.hostname, url.username, decodeURIComponent(url.password)]).toEqual([
      service.name,
      'app',
      'a/b@c:d',
    ]);
  });
});
