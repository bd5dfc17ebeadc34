import { dirname, resolve } from 'node:path';
import type { Container } from '../engine/project.ts';
import { rotationFiles, secretStateOf } from './files.ts';
import type { StackFolder } from './folder.ts';
import type { Journal } from './journal.ts';

/** Shorter values, a port or a role, stand in environments for other reasons. */
const SHORTEST = 12;

/**
 * Services whose running containers hold a value that changes, in the environment or as a mounted file, and that
 * stack.yaml does not know to have it: an override file gave it to them.
 */
export function outsiders(
  containers: readonly Container[],
  { changes, dependents }: Pick<Journal, 'changes' | 'dependents'>,
  { root, stack, env }: Pick<StackFolder, 'root' | 'stack' | 'env'>,
): string[] {
  const [before, after] = (['before', 'after'] as const).map((side) => {
    const state = { side, overlap: false };
    return {
      values: secretStateOf(stack, env, { changes }, state).values,
      files: rotationFiles(stack, env, { changes }, state),
    };
  }) as [Side, Side];
  const values = stack.secrets
    .map(({ id }) => before.values.get(id))
    .filter(
      (value, index) => value.length >= SHORTEST && value !== after.values.get(stack.secrets[index]!.id),
    );
  const paths = before.files
    .filter(({ path, content }) => after.files.some((file) => file.path === path && file.content !== content))
    .map(({ path }) => resolve(root, path));
  // A folder that is mounted shows them too; the project's own is mounted for what else is in it.
  const sources = new Set([...paths, ...paths.map((path) => dirname(path)).filter((path) => path !== root)]);
  const known = new Set([...dependents, ...stack.credentials.map(({ service }) => service)]);
  const found = containers.filter(
    ({ service, environment, mounts }) =>
      !known.has(service) &&
      (mounts.some((source) => sources.has(source)) ||
        environment.some((entry) => values.some((value) => entry.includes(value)))),
  );
  return [...new Set(found.map(({ service }) => service))].sort();
}

interface Side {
  values: ReturnType<typeof secretStateOf>['values'];
  files: ReturnType<typeof rotationFiles>;
}
