import { keyValueService } from './key-value.ts';

/**
 * Valkey, the BSD-licensed fork of Redis.
 *
 * Sources: valkey-io/valkey-container 9.1/debian/Dockerfile, docker-entrypoint.sh, versions.json.
 */
export const valkey = keyValueService({
  name: 'valkey',
  title: 'Valkey',
  image: 'valkey/valkey:9.1',
  user: '999:999',
});
