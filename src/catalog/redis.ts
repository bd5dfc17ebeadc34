import { keyValueService } from './key-value.ts';

/**
 * Redis 8, the Docker official image.
 *
 * Sources: redis/docker-library-redis debian/Dockerfile and docker-entrypoint.sh,
 * docker-library/official-images library/redis.
 */
export const redis = keyValueService({
  name: 'redis',
  title: 'Redis',
  image: 'redis:8.10.1-trixie',
  user: '999:999',
});
