import { ENVIRONMENTS, type Secret, type SecretStore, type Workload } from './model.ts';
import type { StackSpec } from './schema.ts';

/** Where a stack's secrets lie: the env file and the folder of the secret files. */
export interface Place {
  envFile: string;
  directory: string;
}

const INSIDE: Place = { envFile: '.env', directory: 'secrets' };
const SUFFIX = { envFile: '.env', directory: '-secrets' } as const;

/** Where the secrets are kept. */
export function secretStore({ name, environment, secrets: { location, schedule } }: StackSpec): SecretStore {
  if (location === 'project') return { ...INSIDE, schedule };
  // One file an environment, so that two of them on one host never share values.
  const stem = `${location}/${name}-${environment}`;
  return { envFile: stem + SUFFIX.envFile, directory: stem + SUFFIX.directory, schedule };
}

/** The place that an env file of a stack belongs to; undefined for any other path. */
export function placeOfEnvFile(envFile: string): Place | undefined {
  if (envFile === INSIDE.envFile) return INSIDE;
  if (!envFile.startsWith('/') || environmentOf(envFile) === undefined) return undefined;
  return { envFile, directory: envFile.slice(0, -SUFFIX.envFile.length) + SUFFIX.directory };
}

/** `production` for `/etc/shop/shop-production.env`; undefined for an env file inside the stack's folder. */
export function environmentOf(envFile: string): string | undefined {
  return ENVIRONMENTS.find((environment) => envFile.endsWith(`-${environment}${SUFFIX.envFile}`));
}

/** Says of each secret whether a container reads it straight from the env file. */
export function markVariables(workloads: readonly Workload[], secrets: readonly Secret[]): Secret[] {
  const read = new Set(
    workloads.flatMap(({ secretVariables }) => secretVariables.map(({ secret }) => secret)),
  );
  return secrets.map((secret) => (read.has(secret.id) ? { ...secret, byVariable: true } : secret));
}
