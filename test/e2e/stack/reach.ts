import { readFileSync } from 'node:fs';
import { type ContainerInfo, docker } from '../docker.ts';

export type Target = readonly [address: string, port: number];

const script = readFileSync(new URL('./reach.mjs', import.meta.url), 'utf8');

/**
 * Looks up names and tries connections with a container's own network: whatever its image holds, a program in it could
 * do the same.
 * @param container id
 */
export async function reachFrom(
  container: string,
  { names = [], targets = [] }: { names?: readonly string[]; targets?: readonly Target[] },
  env: Record<string, string> = {},
): Promise<{ addresses: string[][]; accepted: boolean[] }> {
  const options = ['run', '--rm', '--interactive', `--network=container:${container}`, '--cap-drop=ALL'];
  const command = ['css-test/app:1', 'node', '--input-type=module', '--eval', script];
  const { stdout } = await docker([...options, ...command], {
    input: JSON.stringify({ names, targets }),
    env,
  });
  return JSON.parse(stdout);
}

export function addressesOf({ NetworkSettings }: ContainerInfo): string[] {
  // On the network "none" nobody has an address.
  return Object.values(NetworkSettings.Networks).flatMap(({ IPAddress }) => IPAddress || []);
}

/**
 * Tries every container against every other: its name, and every address of it on every port that anything of the
 * stack listens on.
 * @returns the pairs between which some connection opened, and those in which the name led to the other: `a → b`, sorted
 */
export async function connectionMatrix(
  containers: Record<string, ContainerInfo>,
  ports: readonly number[],
): Promise<{ open: string[]; named: string[] }> {
  const open: string[] = [];
  const named: string[] = [];
  for (const [from, { Id }] of Object.entries(containers)) {
    const others = Object.entries(containers).filter(([name]) => name !== from);
    const tries = others.flatMap(([name, info]) =>
      addressesOf(info).flatMap((address) => ports.map((port) => ({ name, address, port }))),
    );
    const { addresses, accepted } = await reachFrom(Id, {
      names: others.map(([name]) => name),
      targets: tries.map(({ address, port }) => [address, port]),
    });
    for (const [index, [name, info]] of others.entries()) {
      if (tries.some((one, i) => one.name === name && accepted[i])) open.push(`${from} → ${name}`);
      // The host's resolver may know the same name for something else.
      if (addresses[index]!.some((address) => addressesOf(info).includes(address)))
        named.push(`${from} → ${name}`);
    }
  }
  return { open: open.sort(), named: named.sort() };
}

/** Both directions of each pair `a - b`, as `connectionMatrix` lists them. */
export function bothWays(pairs: readonly string[]): string[] {
  return pairs
    .flatMap((pair) => {
      const [a, b] = pair.split(' - ') as [string, string];
      return [`${a} → ${b}`, `${b} → ${a}`];
    })
    .sort();
}
