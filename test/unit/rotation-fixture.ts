import type { Situation } from '../../src/rotation/outcomes.ts';
import { type EnvFile, parseEnvFile } from '../../src/secrets/env-parse.ts';
import { systemRandom } from '../../src/secrets/kinds.ts';
import { renderSecretFiles } from '../../src/secrets/secret-files.ts';
import { resolveSecrets } from '../../src/secrets/store.ts';
import { buildStack } from '../../src/stack/build.ts';
import { parseStackDocument, readSpec } from '../../src/stack/load.ts';
import type { Stack } from '../../src/stack/model.ts';

/** A stack with secrets of every class, and what of it matters to a rotation. */
export const SHOP = `
version: 1
name: shop
environment: development
domains: [localhost]
tls: { mode: dev-ca }
services:
  postgres: {}
  redis: {}
apps:
  api:
    image: acme/api:1.4
    routes: [{ path: / }]
    needs: [postgres, redis]
    secrets:
      JWT_SECRET: { kind: hmac, overlapHours: 12 }
      COOKIE_KEY: { kind: hex, overlap: false }
      FIELD_KEY: { kind: fernet, overlap: true }
      FILE_KEY: { kind: fernet }
    reencrypt: [/app/reencrypt]
  jobs:
    image: acme/jobs:1.4
    needs: [postgres]
    delivery: variable
    secrets:
      STRIPE_SECRET_KEY: { kind: external }
    health: { probe: none }
`;

export const NOW = new Date('2026-05-06T07:08:09Z');

export function stackOf(text = SHOP): Stack {
  return buildStack(readSpec(parseStackDocument(text, 'stack.yaml')));
}

/** The env file of a new stack. */
export function envOf(stack: Stack, supplied: Readonly<Record<string, string>> = {}): EnvFile {
  const { secrets, secretFiles } = stack;
  const state = resolveSecrets({
    secrets,
    secretFiles,
    existing: undefined,
    existingFiles: new Map(),
    supplied,
    random: systemRandom,
  });
  const env = renderSecretFiles(state, stack).files.find(({ path }) => path === '.env')!;
  return parseEnvFile(env.content, '.env');
}

/** Everything runs, and its data is there. */
export function situationOf(stack: Stack, changes: Partial<Situation> = {}): Situation {
  return {
    stack,
    env: envOf(stack, { JOBS_STRIPE_SECRET_KEY: 'sk_test_4eC39HqLyjWDarjtT1zdp7dc' }),
    named: new Set(),
    running: new Set(stack.workloads.map(({ name }) => name)),
    unwell: new Set(),
    paused: new Set(),
    overdue: new Set(),
    volumes: new Set(['postgres-data', 'redis-data']),
    offline: false,
    emergency: false,
    supplied: {},
    now: NOW,
    random: systemRandom,
    ...changes,
  };
}
