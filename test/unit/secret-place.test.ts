import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ENVIRONMENTS } from '../../src/stack/model.ts';
import type { StackSpec } from '../../src/stack/schema.ts';
import { environmentOf, placeOfEnvFile, secretStore } from '../../src/stack/secret-store.ts';

const schedule = { signing: 90, engine: 180, external: 90 };

test('the place of every store is known again by its env file alone', () => {
  const name = fc.stringMatching(/^[a-z](?:[a-z0-9-]{0,28}[a-z0-9])?$/);
  const location = fc.oneof(fc.constant('project'), fc.stringMatching(/^(?:\/[A-Za-z0-9._-]{1,9}){1,3}$/));
  fc.assert(
    fc.property(name, location, fc.constantFrom(...ENVIRONMENTS), (stack, where, environment) => {
      const spec = { name: stack, environment, secrets: { location: where, schedule } } as StackSpec;
      const { envFile, directory } = secretStore(spec);
      expect(placeOfEnvFile(envFile)).toEqual({ envFile, directory });
      expect(environmentOf(envFile)).toBe(where === 'project' ? undefined : environment);
    }),
  );
});

test.each([
  'secrets/postgres_password',
  'certs/live/privkey.pem',
  '/etc/shop/other.env',
  'shop-production.env',
])('%s is the env file of no store', (path) => expect(placeOfEnvFile(path)).toBeUndefined());
