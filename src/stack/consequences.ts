import { buildStack } from './build.ts';
import type { StackSpec } from './schema.ts';
import { secretStore } from './secret-store.ts';

/** What a change of answers means for data that is there already; one line each, to be shown before and after writing. */
export function consequences(before: StackSpec, after: StackSpec): string[] {
  return [
    ...renamed(before, after),
    ...otherSecrets(before, after),
    ...keysOfData(before, after),
    ...postgres(before, after),
  ];
}

/** Compose keeps a stack's data under its name. */
function renamed(before: StackSpec, after: StackSpec): string[] {
  return before.name === after.name
    ? []
    : [`under its new name the stack starts with empty volumes; the data stays with "${before.name}"`];
}

/** Outside of the project, each environment has an env file of its own; inside, the values stay. */
function otherSecrets(before: StackSpec, after: StackSpec): string[] {
  const [old, next] = [secretStore(before).envFile, secretStore(after).envFile];
  if (before.environment === after.environment || after.secrets.location === 'project' || old === next)
    return [];
  return [`the secrets are those in ${next} now; the data still wants the ones it was made with (${old})`];
}

/** A renamed app gets a new key, and without `overlap` the replaced ones are no longer read. */
function keysOfData(before: StackSpec, after: StackSpec): string[] {
  const present = new Set(buildStack(after).secrets.map(({ id }) => id));
  return buildStack(before)
    .secrets.filter(({ id, class: name }) => name === 'encryption' && !present.has(id))
    .map(
      ({ id }) =>
        `nothing reads ${id} any more: stored data may need it; keep it until that is encrypted anew`,
    );
}

interface PostgresAnswers {
  version: number;
  database: string;
}

/** The image makes a cluster and its database when the volume is empty, and never again. */
function postgres(before: StackSpec, after: StackSpec): string[] {
  const [old, next] = [before, after].map(
    ({ services }) => services['postgres'] as PostgresAnswers | undefined,
  );
  if (old === undefined || next === undefined) return [];
  return [
    ...(old.version === next.version
      ? []
      : [
          `PostgreSQL ${next.version} does not start on the data of ${old.version}: dump it with ${old.version} first, and restore it into an empty volume`,
        ]),
    ...(old.database === next.database
      ? []
      : [
          `PostgreSQL makes the database "${next.database}" in an empty volume only: with data there, create it by hand; what was stored stays in "${old.database}"`,
        ]),
  ];
}
