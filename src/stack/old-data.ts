import type { Stack } from './model.ts';

type Kept = Pick<Stack, 'name' | 'credentials'>;

/**
 * Volumes whose service keeps its passwords in its data, and where every one of those passwords is new: should there be
 * data already, it was made with others, which are not here.
 */
export function volumesAtStake(stack: Kept, generated: readonly string[]): string[] {
  const volumes = new Set(stack.credentials.flatMap((one) => volumeOf(stack, one) ?? []));
  return [...volumes].filter((volume) => passwordsIn(stack, [volume]).every((id) => generated.includes(id)));
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
