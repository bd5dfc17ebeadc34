import { mailpit } from './mailpit.ts';
import { postgres } from './postgres.ts';
import { redis } from './redis.ts';
import type { CatalogService } from './service.ts';
import { valkey } from './valkey.ts';

/** Every service stack.yaml may name under `services`, in the order the wizard offers them. */
export const catalog: readonly CatalogService[] = [postgres, redis, valkey, mailpit];
