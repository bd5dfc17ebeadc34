import type { Secret, Stack } from './model.ts';

/**
 * The workloads that get a secret's value, by itself or inside of something that is made from it: a connection URL, a
 * file of several values. In the order in which they are found.
 */
export function seenBy(
  secret: Secret,
  { secrets, secretFiles }: Pick<Stack, 'secrets' | 'secretFiles'>,
): string[] {
  const derived = secrets.filter((one) => sourcesOf(one).has(secret.id));
  return [
    ...new Set([
      ...secret.consumers,
      ...secretFiles.filter(({ from }) => from.includes(secret.id)).flatMap(({ consumers }) => consumers),
      ...derived.flatMap((one) => seenBy(one, { secrets, secretFiles })),
    ]),
  ];
}

function sourcesOf({ derive }: Secret): Set<string> {
  const ids = new Set<string>();
  derive?.((id) => {
    ids.add(id);
    return 'value';
  });
  return ids;
}
