import { readFileSync } from 'node:fs';
import { type ContainerInfo, docker } from './docker.ts';

export type Outcome = 'open' | 'refused' | 'no route' | 'no name' | 'no answer';
export type Target = readonly [host: string, port: number];

export interface Reach {
  outcome: Outcome[];
  /** Whether the container's network has a default route, IPv4. */
  defaultRoute: boolean;
}

const script = readFileSync(new URL('./reach.mjs', import.meta.url), 'utf8');

/**
 * Tries connections with a container's own network: whatever its image holds, a program in it could do the same.
 * @param container id
 */
export async function reachFrom(
  container: string,
  targets: readonly Target[],
  env: Record<string, string> = {},
): Promise<Reach> {
  const options = ['run', '--rm', '--interactive', `--network=container:${container}`, '--cap-drop=ALL'];
  const command = ['css-test/app:1', 'node', '--input-type=module', '--eval', script];
  const { stdout } = await docker([...options, ...command], { input: JSON.stringify(targets), env });
  return JSON.parse(stdout) as Reach;
}

/**
 * Tries every container against every other: by name and by each address, on every port that anything of the stack
 * listens on.
 * @returns the pairs between which some connection opened, and those in which a name resolved: `a → b`, sorted
 */
export async function connectionMatrix(
  containers: Record<string, ContainerInfo>,
  ports: readonly number[],
): Promise<{ open: string[]; named: string[] }> {
  const open: string[] = [];
  const named: string[] = [];
  for (const [from, { Id }] of Object.entries(containers)) {
    const others = Object.entries(containers).filter(([name]) => name !== from);
    const targets = others.flatMap(([name, { NetworkSettings }]) => {
      const addresses = Object.values(NetworkSettings.Networks).map(({ IPAddress }) => IPAddress);
      return [name, ...addresses].flatMap((host) => ports.map((port) => ({ name, host, port })));
    });
    const { outcome } = await reachFrom(
      Id,
      targets.map(({ host, port }) => [host, port]),
    );
    for (const [name] of others) {
      const tried = targets.flatMap((target, index) =>
        target.name === name ? [{ host: target.host, outcome: outcome[index] }] : [],
      );
      if (tried.some((one) => one.outcome === 'open')) open.push(`${from} → ${name}`);
      if (tried.some((one) => one.host === name && one.outcome !== 'no name'))
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
