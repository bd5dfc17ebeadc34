import type { ChildProcess } from 'node:child_process';
import type { FirewallPolicy } from '../../../src/stack/model.ts';
import { ADDRESS, helper, type Lab, nextOutput, type Place } from './lab.ts';

/*
 * All that can be seen of a rule set from outside, in one go: what answers whom, what a witness behind the rules counted,
 * what the rules counted. Two rule sets that differ in effect differ here.
 */

const { host, host6, hostLink, neighbour, neighbour6, gateway, gateway6, container, container6 } = ADDRESS;

/** A policy in which every part of the rule set has something to do. */
export const fullPolicy: Partial<FirewallPolicy> = {
  openings: [
    { port: 5432, protocol: 'tcp', from: [neighbour, neighbour6] },
    { port: 5353, protocol: 'udp', from: [neighbour, neighbour6] },
  ],
  trustedInterfaces: ['wg0'],
  blockPrivateEgress: true,
  containersToHost: [8081],
};

/** The other branches: SSH by list, no exception for resolvers. */
export const listPolicy: Partial<FirewallPolicy> = {
  sshFrom: [neighbour, neighbour6],
  metadataDns: false,
};

const bridges = ['docker0', 'docker_gwbridge', 'br-shop', 'podman0', 'cni-podman0'];
const metadata4 = ['169.254.169.254', '100.100.100.200', '168.63.129.16', '192.0.0.192'];
const metadata6 = ['fd00:ec2::254', 'fd20:ce::254'];
const private4 = ['10.8.0.2', '100.64.0.2', '172.20.0.2', '192.168.77.2'];
const private6 = 'fd77::2';
const METADATA_LINK = 'fe80::a9fe:a9fe%eth0';

/** Interfaces, addresses and listeners that the lab does not have by itself. */
export async function furnish(lab: Lab): Promise<void> {
  const sibling = bridges.map((bridge, index) => {
    const net = `172.31.1${index}`;
    return `
ip link add ${bridge} netns @host type veth peer name eth${index} netns @sibling
ip -n @host addr add ${net}.1/24 dev ${bridge}
ip -n @host link set ${bridge} up
ip -n @sibling addr add ${net}.2/24 dev eth${index}
ip -n @sibling link set eth${index} up
ip -n @sibling route add 10.8.0.1${index}/32 via ${net}.1
ip -n @sibling route add 172.31.0.0/24 via ${net}.1 metric ${index + 1}
ip -n @stranger addr add 10.8.0.1${index}/32 dev wg0`;
  });
  const addresses = [
    ...metadata4.slice(1).map((a) => `${a}/32`),
    ...metadata6.slice(1).map((a) => `${a}/128`),
  ];
  const inner = [...private4.slice(1).map((a) => `${a}/32`), `${private6}/128`];
  lab.wire(`
ip link add wg0 netns @host type veth peer name wg0 netns @stranger
ip -n @host addr add 10.8.0.1/24 dev wg0
ip -n @host link set wg0 up
ip -n @stranger addr add 10.8.0.2/24 dev wg0
ip -n @stranger link set wg0 up
ip -n @stranger route add 172.31.0.0/16 via 10.8.0.1
${addresses.map((a) => `ip -n @stranger addr add ${a} dev lo`).join('\n')}
${inner.map((a) => `ip -n @stranger addr add ${a} dev lo`).join('\n')}
ip -n @host addr add fe80::a9fe:a9fe/64 dev css-lab nodad
${sibling.join('\n')}
ip netns exec @neighbour nft -f - <<'NFT'
table ip forge {
  chain postrouting {
    type filter hook postrouting priority 300;
    udp dport 4444 ip saddr set 127.0.0.5
    udp dport 4445 ip daddr set 127.0.0.1
  }
}
NFT
ip netns exec @host nft -f - <<'NFT'
table inet witness {
${witnessed.map(({ name }) => `  counter ${name} { }`).join('\n')}
  chain input {
    type filter hook input priority 300;
${witnessed.map(({ name, match }) => `    ${match} counter name ${name}`).join('\n')}
  }
}
NFT`);
  await lab.listen('host', ['tcp:8081', 'tcp:53', 'udp:53']);
  await lab.listen('stranger', ['tcp:53', 'udp:53:fd00:ec2::254', 'udp:53:10.8.0.2']);
  await lab.listen('sibling', ['tcp:8080']);
}

const icmp6 = {
  eth0: [1, 2, 3, 4, 130, 131, 132, 134, 135, 136, 143],
  'css-lab': [1, 2, 3, 4, 131, 132, 133, 135, 136, 143],
};
const icmp4 = [3, 11, 12];
const witnessed = [
  ...Object.entries(icmp6).flatMap(([interface_, types]) =>
    types.map((type) => ({
      name: `${interface_.replace('-', '_')}_icmp6_${type}`,
      match: `iifname ${interface_} icmpv6 type ${type} icmpv6 code 77`,
    })),
  ),
  ...icmp4.map((type) => ({ name: `icmp4_${type}`, match: `iifname eth0 icmp type ${type} icmp code 77` })),
  { name: 'synack', match: 'iifname eth0 tcp sport 4321 tcp flags & (syn | ack) == syn | ack' },
];

/** What is seen, by a name for each look. */
export type Sight = Record<string, boolean | number>;

/** The rules under test: how they come into force and go again, and what they counted, by name. */
export interface Subject {
  load(): void;
  unload(): void;
  counters(): Record<string, number>;
}

export class Observer {
  readonly #lab: Lab;
  readonly #agents = new Map<string, ChildProcess>();

  constructor(lab: Lab) {
    this.#lab = lab;
  }

  /**
   * Looks at a rule set that comes into force.
   * @param expected spares the slower half of the look when the first half differs from it already
   */
  async look({ load, unload, counters }: Subject, expected?: Sight): Promise<Sight> {
    unload();
    const held = await this.#try('stranger', [`hold,${host},5432`, `hold,${host},22`]);
    if (!held.every(Boolean)) throw new Error('without rules there is no session');
    this.#onHost('nft', 'reset', 'counters', 'table', 'inet', 'witness');
    load();
    for (const place of ['host', 'stranger', 'container'] as const)
      this.#lab.run(place, ['ip', '-6', 'neigh', 'flush', 'all']);

    const sight = await this.#counted(counters);
    await this.#craft();
    Object.assign(sight, await this.#answered());
    for (const [name, count] of Object.entries(this.#witness())) sight[`arrived: ${name}`] = count;
    sight['counted: a container at the host'] = (counters()['container_to_host_drop'] ?? 0) > 0;
    if (expected && Object.entries(sight).some(([look, seen]) => expected[look] !== seen)) return sight;

    let words = 0;
    for (; words < 30; words++) if (!(await this.#try('stranger', [`alive,${host},22`]))[0]) break;
    sight['words in a busy SSH session'] = words;
    return { ...sight, ...(await this.#limits()) };
  }

  /** One packet each, between two readings. */
  async #counted(counters: Subject['counters']): Promise<Sight> {
    let before = counters();
    const one = async (counter: string, place: Place, ...packets: string[]) => {
      await this.#try(place, packets);
      const now = counters();
      const difference = (now[counter] ?? 0) - (before[counter] ?? 0);
      before = now;
      return difference;
    };
    return {
      'counted: a closed port': (await one('world_drop', 'stranger', `send,${host},9001`)) > 0,
      'counted: a container’s address': (await one('world_drop', 'neighbour', `send,${container},4446`)) > 0,
      'counted: forged sender': await one('spoof_drop', 'neighbour', `send,${host},4444`),
      'counted: forged destination': await one('spoof_drop', 'neighbour', `send,${container},4445`),
      'counted: metadata': await one(
        'metadata_drop',
        'container',
        ...[...metadata4, ...metadata6, METADATA_LINK].map((address) => `send,${address},80`),
      ),
    };
  }

  async #craft(): Promise<void> {
    const order = async (place: Place, ...words: (string | number)[]) => {
      const agent = this.#agent(place, ['python3', helper('craft.py')]);
      agent.stdin!.write(`${words.join(' ')}\n`);
      const answer = await nextOutput(agent);
      if (answer !== 'sent\n')
        throw new Error(`cannot send ${words.join(' ')}: ${answer} ${agent.stderr!.read() ?? ''}`);
    };
    await Promise.all([
      order('stranger', 'icmp6', hostLink, ...icmp6.eth0)
        .then(() => order('stranger', 'icmp4', host, ...icmp4))
        .then(() => order('stranger', 'synack', ADDRESS.stranger, host, 443)),
      order('container', 'icmp6', gateway6, ...icmp6['css-lab']),
    ]);
  }

  async #answered(): Promise<Sight> {
    const tried = Object.entries(targets).map(async ([place, list]) => {
      const answers = await this.#try(place as Place, list);
      return list.map((target, index) => [`${place} → ${target}`, answers[index]!] as const);
    });
    const users = [0, 65534].map(async (user) => {
      const addresses = [metadata4[0]!, metadata6[0]!];
      const answers = await this.#try(
        'host',
        addresses.map((address) => `tcp,${address},80`),
        user,
      );
      return addresses.map((address, i) => [`user ${user} of the host → ${address}`, answers[i]!] as const);
    });
    return Object.fromEntries((await Promise.all([...tried, ...users])).flat());
  }

  async #limits(): Promise<Sight> {
    const [v4, v6, pings, pings6] = await Promise.all([
      this.#try('stranger', Array<string>(16).fill(`tcp,${host},22`)),
      this.#try('second stranger', Array<string>(16).fill(`tcp,${host6},22`)),
      this.#flood(host),
      this.#flood(host6),
    ]);
    const [neighbour22] = await this.#try('neighbour', [`tcp,${host6},22`]);
    return {
      'SSH logins': limited(v4),
      'SSH logins, IPv6': limited(v6),
      'SSH from the same /64': neighbour22!,
      'flood of pings': pings,
      'flood of pings, IPv6': pings6,
    };
  }

  /** A second agent of the stranger, so that it can do two things at once; one for each user, if not for the first. */
  async #try(place: Place | 'second stranger', list: string[], user?: number): Promise<boolean[]> {
    const agent = this.#agent(
      place === 'second stranger' ? 'stranger' : place,
      ['node', helper('probe.mjs'), 'serve', ...(user === undefined ? [] : [String(user)])],
      `${place} ${user ?? ''}`,
    );
    agent.stdin!.write(`${list.join(' ')}\n`);
    return JSON.parse((await nextOutput(agent))!) as boolean[];
  }

  #agent(place: Place, command: string[], as: string = place): ChildProcess {
    const key = `${as} ${command[0]}`;
    let agent = this.#agents.get(key);
    if (!agent) {
      agent = this.#lab.spawn(place, command);
      this.#agents.set(key, agent);
    }
    return agent;
  }

  /** Whether most of a burst got an answer. */
  async #flood(address: string): Promise<boolean> {
    const child = this.#lab.spawn('stranger', ['ping', '-q', '-f', '-c150', '-i0.002', '-w1', address]);
    let text = '';
    child.stdout!.on('data', (chunk) => {
      text += chunk;
    });
    await new Promise((resolve) => child.once('close', resolve));
    return Number(/(\d+) received/.exec(text)?.[1]) > 100;
  }

  #onHost(...command: string[]): string {
    return this.#lab.run('host', command).stdout;
  }

  #witness(): Record<string, number> {
    return readCounters(this.#onHost('nft', '-j', 'list', 'counters', 'table', 'inet', 'witness'));
  }
}

/** From nft's JSON. */
export function readCounters(json: string): Record<string, number> {
  const { nftables } = JSON.parse(json || '{"nftables":[]}') as {
    nftables: { counter?: { name: string; packets: number } }[];
  };
  return Object.fromEntries(
    nftables.flatMap(({ counter }) => (counter ? [[counter.name, counter.packets]] : [])),
  );
}

/** The limit's exact edge depends on the second that it falls into. */
function limited(answers: boolean[]): number {
  const count = answers.filter(Boolean).length;
  return count >= 8 && count <= 12 ? 10 : count;
}

const outer = [host, host6];
const targets: Partial<Record<Place, string[]>> = {
  stranger: [
    `alive,${host},5432`,
    ...['tcp', 'udp'].flatMap((kind) => outer.map((a) => `${kind},${a},443`)),
    ...[80, 9000, 5432].flatMap((port) => outer.map((a) => `tcp,${a},${port}`)),
    ...[9001, 5353].flatMap((port) => outer.map((a) => `udp,${a},${port}`)),
    `tcp,${host},8443`,
    'tcp,10.8.0.1,9000',
    'tcp,10.8.0.1,5432',
    `udp,${host},68,67`,
    `udp,${host},68`,
    `udp,${hostLink},546,547`,
    `udp,${hostLink},546`,
    ...outer.map((a) => `ping,${a}`),
  ],
  neighbour: [
    ...outer.flatMap((a) => [`tcp,${a},5432`, `udp,${a},5353`]),
    ...[container, container6].flatMap((a) => [`tcp,${a},443`, `tcp,${a},8080`]),
    `tcp,${gateway},443`,
    `tcp,${gateway6},443`,
    `tcp,${host},22`,
  ],
  host: [
    'tcp,127.0.0.1,9000',
    `tcp,${container},8080`,
    `tcp,${container6},8080`,
    `tcp,${ADDRESS.stranger},7000`,
    `tcp,${ADDRESS.stranger6},7000`,
  ],
  container: [
    `tcp,${ADDRESS.stranger},7000`,
    `tcp,${ADDRESS.stranger6},7000`,
    ...[gateway, gateway6, host, host6].flatMap((a) =>
      [22, 443, 8081, 9000].map((port) => `tcp,${a},${port}`),
    ),
    // the router of each subnet, by the address that every router has (TCP does not answer there)
    'udp,fd00:cafe::,9001',
    'udp,2001:db8:1::,9001',
    ...[gateway, gateway6].flatMap((a) => [`udp,${a},443`, `ping,${a}`, `tcp,${a},53`]),
    ...[...metadata4, ...metadata6].map((a) => `tcp,${a},80`),
    ...[metadata4[0], metadata6[0]].flatMap((a) => [`tcp,${a},53`, `udp,${a},53`]),
    ...[...private4, private6].map((a) => `tcp,${a},7000`),
    'tcp,10.8.0.2,53',
    'udp,10.8.0.2,53',
    ...bridges.map((_, index) => `tcp,172.31.1${index}.2,8080`),
  ],
  sibling: [
    ...bridges.flatMap((_, index) => [
      `tcp,172.31.1${index}.1,8081`,
      `tcp,172.31.1${index}.1,22`,
      `tcp,10.8.0.1${index},7000`,
    ]),
    `tcp,${container},8080`,
    'tcp,172.31.13.1,53',
    'udp,172.31.13.1,53',
  ],
};
