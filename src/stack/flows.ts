import { createHash } from 'node:crypto';
import { UserError } from '../errors.ts';
import type { Flow, Network } from './model.ts';

/** Docker's own address pools hold about 30 networks a host; beyond this the stack brings its own block. */
const DOCKER_POOL_NETWORKS = 20;
const DEFAULT_POOL = '10.231.0.0/16';

/** The end of a flow that is not a workload: everything outside the host. */
export const INTERNET = 'internet';

/**
 * The networks that let exactly the pairs of the flows talk and no other pair.
 *
 * A Docker network connects all its members, so each network's members must be pairwise allowed (a clique of the
 * flows' graph). Cliques are grown greedily, in name order, so that a web tier shares one network instead of three
 * and the result is the same for the same flows. Whoever is in no flow gets no network.
 * @param named workloads that must find themselves by name: they get a network in any case
 */
export function deriveNetworks(
  stackName: string,
  flows: readonly Flow[],
  pool?: string,
  named: readonly string[] = [],
): Network[] {
  const inside = flows.filter((flow) => flow.from !== INTERNET && flow.to !== INTERNET);
  const internal = cliques(inside).map((members) => ({
    name: members.join('-'),
    members,
    internal: true,
    egress: false,
    why: inside
      .filter((flow) => members.includes(flow.from) && members.includes(flow.to))
      .map((flow) => `${flow.from} → ${flow.to}: ${flow.why}`)
      .join('; '),
  }));
  const outside = [
    ...new Set(
      flows
        .filter((flow) => flow.from === INTERNET || flow.to === INTERNET)
        .map((flow) => (flow.from === INTERNET ? flow.to : flow.from)),
    ),
  ]
    .sort()
    .map((member) => {
      const reasons = flows.filter(
        (flow) =>
          (flow.from === INTERNET && flow.to === member) || (flow.to === INTERNET && flow.from === member),
      );
      return {
        name: `${member}-outside`,
        members: [member],
        internal: false,
        egress: reasons.some((flow) => flow.to === INTERNET),
        why: [...new Set(reasons.map((flow) => flow.why))].join('; '),
      };
    });
  const alone = [...new Set(named)]
    .filter((member) => !flows.some(({ from, to }) => from === member || to === member))
    .sort()
    .map((member) => ({
      name: `${member}-alone`,
      members: [member],
      internal: true,
      egress: false,
      why: `nobody needs ${member}; logins are tried by its name`,
    }));
  const all = withOwnNames([...outside, ...internal, ...alone]);
  const block = pool ?? (all.length > DOCKER_POOL_NETWORKS ? DEFAULT_POOL : undefined);
  return all.map((network, index) => ({
    ...network,
    bridge: bridgeName(stackName, network.name),
    ...(block ? { subnet: subnet(block, index, Math.max(...all.map(({ members }) => members.length))) } : {}),
  }));
}

/** `a-b` with `c` reads like `a` with `b-c`: one name would make one network of the two. */
function withOwnNames<Item extends { name: string }>(networks: readonly Item[]): Item[] {
  const taken = new Set<string>();
  return networks.map((network) => {
    let { name } = network;
    for (let n = 2; taken.has(name); n += 1) name = `${network.name}-${n}`;
    taken.add(name);
    return { ...network, name };
  });
}

/** Workloads each workload must wait for: whom it opens connections to, itself excepted. */
export function startsAfter(name: string, flows: readonly Flow[]): string[] {
  // The edge follows its upstreams by name and must answer while one is down, so it waits for nobody.
  if (name === 'edge') return [];
  return [
    ...new Set(flows.filter((flow) => flow.from === name && flow.to !== INTERNET).map((flow) => flow.to)),
  ].sort();
}

function cliques(flows: readonly Flow[]): string[][] {
  const neighbours = new Map<string, Set<string>>();
  const link = (a: string, b: string): void => {
    if (!neighbours.has(a)) neighbours.set(a, new Set());
    neighbours.get(a)!.add(b);
  };
  for (const { from, to } of flows) {
    link(from, to);
    link(to, from);
  }
  const covered = new Set<string>();
  const key = (a: string, b: string): string => (a < b ? `${a} ${b}` : `${b} ${a}`);
  const pairs = [...new Set(flows.map(({ from, to }) => key(from, to)))]
    .sort()
    .map((pair) => pair.split(' ') as [string, string]);
  const found: string[][] = [];
  for (const [a, b] of pairs) {
    if (covered.has(key(a, b))) continue;
    const members = [a, b];
    const [small, large] = [neighbours.get(a)!, neighbours.get(b)!].sort((x, y) => x.size - y.size) as [
      Set<string>,
      Set<string>,
    ];
    for (const candidate of [...small].filter((name) => large.has(name)).sort()) {
      if (members.every((member) => neighbours.get(candidate)!.has(member))) members.push(candidate);
    }
    for (const one of members) for (const other of members) if (one !== other) covered.add(key(one, other));
    found.push(members.sort());
  }
  return found;
}

/** Interface names hold 15 characters; the digest keeps two stacks on one host apart. */
function bridgeName(stackName: string, networkName: string): string {
  return `css-${createHash('sha256').update(`${stackName}/${networkName}`).digest('hex').slice(0, 11)}`;
}

/** The n-th subnet of a block, large enough for the members, the gateway and room for replicas. */
function subnet(block: string, index: number, members: number): string {
  const [base, prefix] = block.split('/') as [string, string];
  const size = members <= 11 ? 16 : 256;
  const start = base.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const offset = index * size;
  if (offset + size > 2 ** (32 - Number(prefix)))
    throw new UserError({ path: 'network.pool', message: `${block} is too small for the stack’s networks` });
  const address = Math.floor(start / size) * size + offset;
  const dotted = [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
  return `${dotted}/${size === 16 ? 28 : 24}`;
}
