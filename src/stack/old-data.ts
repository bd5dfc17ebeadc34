import type { Stack } from './model.ts';

type Kept = Pick<Stack, 'name' | 'credentials'>;

/** Ids by where this run has their values from. */
interface NewSecrets {
  generated: readonly string[];
  entered: readonly string[];
}

/**
 * Volumes whose service keeps its passwords in its data, and where none of those passwords was here before this run and
 * not all are given in it: should there be data already, it was made with others, which are not here.
 */
export function volumesAtStake(stack: Kept, { generated, entered }: NewSecrets): string[] {
  const volumes = new Set(stack.credentials.flatMap((one) => volumeOf(stack, one) ?? []));
  return [...volumes].filter((volume) => {
    const ids = passwordsIn(stack, [volume]);
    return (
      ids.some((id) => generated.includes(id)) &&
      ids.every((id) => generated.includes(id) || entered.includes(id))
    );
  });
}

/** Ids of the passwords that are kept in volumes. */
export function passwordsIn(stack: Kept, volumes: readonly string[]): string[] {
  return stack.credentials
    .filter((one) => volumes.includes(volumeOf(stack, one) ?? ''))
    .map(({ secret }) => secret);
}

/** As Docker knows it. */
function volumeOf({ name }: Kept, { keptIn }: Stack['credentials'][number]): string | undefined {
  return keptIn === 'files' ? undefined : `${name}_${keptIn.volume}`;
}
