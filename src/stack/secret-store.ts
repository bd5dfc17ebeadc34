import type { Secret, SecretStore, Workload } from './model.ts';
import type { StackSpec } from './schema.ts';

/** Where the secrets are kept. */
export function secretStore({ name, environment, secrets: { location, schedule } }: StackSpec): SecretStore {
  return location === 'project'
    ? { envFile: '.env', directory: 'secrets', schedule }
    : // One file an environment, so that two of them on one host never share values.
      {
        envFile: `${location}/${name}-${environment}.env`,
        directory: `${location}/${name}-${environment}-secrets`,
        schedule,
      };
}

/** Says of each secret whether a container reads it straight from the env file. */
export function markVariables(workloads: readonly Workload[], secrets: readonly Secret[]): Secret[] {
  const read = new Set(
    workloads.flatMap(({ secretVariables }) => secretVariables.map(({ secret }) => secret)),
  );
  return secrets.map((secret) => (read.has(secret.id) ? { ...secret, byVariable: true } : secret));
}
