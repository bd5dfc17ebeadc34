import { type ChildProcess, type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { renderFirewall } from '../../../src/render/firewall/index.ts';
import type { FirewallPolicy } from '../../../src/stack/model.ts';
import { inCi } from '../../in-ci.ts';

/**
 * A small internet in network namespaces: a host with a container behind a bridge, whose port 5432 is published the way
 * Docker does it (DNAT), and on the same wire a stranger and a neighbour. No rule is ever loaded outside of them.
 */
export const ADDRESS = {
  host: '198.51.100.1',
  host6: '2001:db8:1::1',
  hostLink: 'fe80::1%eth0',
  stranger: '198.51.100.2',
  stranger6: '2001:db8:1::2',
  neighbour: '198.51.100.3',
  neighbour6: '2001:db8:1::3',
  gateway: '172.31.0.1',
  gateway6: 'fd00:cafe::1',
  container: '172.31.0.2',
  container6: 'fd00:cafe::2',
  metadata: '169.254.169.254',
  metadata6: 'fd00:ec2::254',
} as const;

const places = ['host', 'stranger', 'neighbour', 'container', 'sibling', 'wire'] as const;
export type Place = (typeof places)[number];

export const basePolicy: FirewallPolicy = {
  publicTcp: [80, 443],
  publicUdp: [443],
  sshPorts: [22],
  sshFrom: [],
  openings: [],
  trustedInterfaces: [],
  backend: 'nftables',
  blockPrivateEgress: false,
  metadataDns: true,
  containersToHost: [],
};

const tools = ['nft', 'ip', 'ss', 'shellcheck', 'unshare', 'setsid', 'flock', 'ping'];

/** What this machine lacks for these tests; where CI says so, lacking anything is a failure. */
export function missingForLab(more: readonly string[] = []): string[] {
  const missing = [...tools, ...more].filter(
    (tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0,
  );
  if (process.getuid?.() !== 0) missing.push('root');
  if (inCi() && missing.length > 0) throw new Error(`the firewall tests need: ${missing.join(', ')}`);
  return missing;
}

export interface Result {
  code: number | null;
  stdout: string;
  stderr: string;
}

export class Lab {
  static #count = 0;
  private readonly prefix = `csslab${process.pid}-${Lab.#count++}`;
  private readonly ownContainers: boolean;
  private readonly children: ChildProcess[] = [];
  readonly folder = mkdtempSync(join(tmpdir(), 'css-firewall-'));
  readonly state = join(this.folder, 'state');

  /** `engine: 'real'` leaves the containers to an engine in the host's namespace. */
  constructor({ engine = 'fixture' }: { engine?: 'fixture' | 'real' } = {}) {
    this.ownContainers = engine === 'fixture';
  }

  /** The name that `ip netns` knows. */
  namespace(place: Place): string {
    return `${this.prefix}-${place}`;
  }

  async start(): Promise<void> {
    this.wire(wiring + (this.ownContainers ? containerWiring : ''));
    // With a real engine the public ports are for its containers.
    const own = this.ownContainers ? ['tcp:80', 'tcp:443', 'udp:443'] : [];
    await this.listen('host', [...own, 'tcp:22', 'tcp:9000', 'udp:9001', 'udp:68', 'udp:546']);
    await this.listen('stranger', ['tcp:80', 'udp:53:169.254.169.254', 'tcp:7000']);
    if (!this.ownContainers) return;
    await this.listen('container', ['tcp:5432', 'tcp:443', 'tcp:8080', 'udp:5353']);
    // IPv6 takes a moment on a new bridge.
    const path = `tcp,${ADDRESS.container6},8080`;
    if (!(await until(() => this.answers('neighbour', [path]).length === 1, 10)))
      throw new Error('the namespaces do not pass IPv6');
  }

  /** Runs a shell script in which `@` stands for the prefix of the places' namespaces. */
  wire(script: string): void {
    const input = script.replaceAll('@', `${this.prefix}-`);
    const { status, stderr } = spawnSync('sh', ['-eu'], { input, encoding: 'utf8' });
    if (status !== 0) throw new Error(`cannot wire the namespaces: ${stderr}`);
  }

  stop(): void {
    for (const child of this.children) child.kill('SIGKILL');
    for (const place of places) spawnSync('ip', ['netns', 'del', `${this.prefix}-${place}`]);
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Starts a process in a namespace; it ends with the lab at the latest. */
  spawn(place: Place, command: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
    const child = spawn('ip', ['netns', 'exec', `${this.prefix}-${place}`, ...command], {
      env: { ...process.env, ...env },
      detached: true,
    });
    this.children.push(child);
    return child;
  }

  run(
    place: Place,
    command: readonly string[],
    env: NodeJS.ProcessEnv = {},
    input = '',
    timeout = 120_000,
  ): Result {
    const done: SpawnSyncReturns<string> = spawnSync(
      'ip',
      ['netns', 'exec', `${this.prefix}-${place}`, ...command],
      { env: { ...process.env, ...env }, input, encoding: 'utf8', timeout },
    );
    return { code: done.status, stdout: done.stdout, stderr: done.stderr };
  }

  /** Starts echo servers, e.g. `tcp:22`; the name is what `ss` shows as the owner. */
  async listen(place: Place, ports: readonly string[], name = ''): Promise<ChildProcess> {
    const child = this.spawn(place, ['node', helper('listen.mjs'), ...ports], { LISTENER_NAME: name });
    await nextOutput(child);
    return child;
  }

  /** Tries all targets at once, as probe.mjs takes them: `tcp,address,port`. */
  probe(from: Place, targets: readonly string[]): boolean[] {
    return JSON.parse(this.run(from, ['node', helper('probe.mjs'), ...targets]).stdout);
  }

  /** Those of the targets that answer. */
  answers(from: Place, targets: readonly string[]): string[] {
    const answers = this.probe(from, targets);
    return targets.filter((_, index) => answers[index]);
  }

  /** A connection that stays open; `alive` sends a line and waits for its echo. */
  async connect(
    from: Place,
    address: string,
    port: number,
  ): Promise<{ port: number; alive: () => Promise<boolean> }> {
    const child = this.spawn(from, ['node', helper('session.mjs'), address, String(port)]);
    const localPort = Number(await nextOutput(child));
    const alive = async () => {
      child.stdin!.write('still there?\n');
      return (await nextOutput(child, 1500)) !== undefined;
    };
    return { port: localPort, alive };
  }

  /** Writes the policy's script, with edits as by `sed`, and gives its path. */
  script(policy: Partial<FirewallPolicy> = {}, edit = (text: string) => text, stackName = 'shop'): string {
    const [file] = renderFirewall({ ...basePolicy, ...policy }, { stackName });
    const path = join(mkdtempSync(join(this.folder, 'stack-')), 'firewall.sh');
    writeFileSync(path, edit(file!.content));
    chmodSync(path, file!.mode);
    return path;
  }

  firewall(script: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Result {
    return this.run('host', [script, ...args], this.environment(env));
  }

  /** Not over SSH unless said otherwise, whatever terminal the tests run in. */
  environment(env: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
    return { CSS_FIREWALL_STATE: this.state, SSH_CONNECTION: '', ...env };
  }

  /** The host's table as the kernel lists it, without what changes by itself; empty when there is none. */
  table(): string {
    const { stdout } = this.run('host', ['nft', '-s', 'list', 'table', 'inet', 'css_fw']);
    return stdout.replace(/(set ssh_seen[^}]*timeout 5m)\s+elements = \{[^}]*\}/g, '$1');
  }

  /** Takes away the rules and everything remembered, including a running timer's ticket. */
  reset(): void {
    this.run('host', ['nft', '-f', '-'], {}, 'table inet css_fw; delete table inet css_fw\n');
    rmSync(this.state, { recursive: true, force: true });
  }
}

/** Ends a process, and waits until what it listened on is nobody's. */
export async function end(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once('close', resolve));
  process.kill(-child.pid!, 'SIGKILL');
  await ended;
}

/** What the generated page says to type when everything is shut, without sudo. */
export function emergency(backend: FirewallPolicy['backend']): string {
  const page = renderFirewall({ ...basePolicy, backend }, { stackName: 'shop' })[1]!.content;
  return /next boot:\s+`([^`]+)`/.exec(page)![1]!.replaceAll('sudo ', '');
}

/** The next piece a process prints; undefined when it ends or says nothing in time (milliseconds). */
export function nextOutput(child: ChildProcess, patience = 60_000): Promise<string | undefined> {
  return new Promise((resolve) => {
    const done = (text?: Buffer) => {
      clearTimeout(timer);
      child.stdout!.off('data', done);
      child.off('exit', end);
      resolve(text?.toString());
    };
    const end = () => done();
    const timer = setTimeout(end, patience);
    child.stdout!.once('data', done);
    child.once('exit', end);
  });
}

export async function until(condition: () => boolean, seconds: number): Promise<boolean> {
  for (let tries = 0; tries < seconds * 5; tries++) {
    if (condition()) return true;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return condition();
}

export const helper = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** Links are made inside the namespaces, so the machine's own stay untouched. */
const wiring = `
for place in host stranger neighbour container sibling wire; do
  ip netns add @$place
  ip -n @$place link set lo up
done
ip -n @wire link add hub type bridge
ip -n @wire link set hub up
number=0
for place in host stranger neighbour; do
  number=$((number + 1))
  ip link add eth0 netns @$place type veth peer name $place netns @wire
  ip -n @wire link set $place master hub up
  ip -n @$place link set eth0 up
  ip -n @$place addr add 198.51.100.$number/24 dev eth0
  ip -n @$place addr add 2001:db8:1::$number/64 dev eth0 nodad
done
ip -n @host addr add fe80::1/64 dev eth0 nodad
# the stranger is the way to the internet, and stands in for the cloud's metadata service
ip -n @host route add default via 198.51.100.2
ip -n @host route add default via 2001:db8:1::2
ip -n @stranger addr add 169.254.169.254/32 dev lo
ip -n @stranger addr add fd00:ec2::254/128 dev lo nodad
ip netns exec @host sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
`;

const containerWiring = `
# the neighbour knows the way to the containers
ip -n @neighbour route add 172.31.0.0/24 via 198.51.100.1
ip -n @neighbour route add fd00:cafe::/64 via 2001:db8:1::1
ip -n @host link add css-lab type bridge
ip link add eth0 netns @container type veth peer name vport netns @host
ip -n @host link set vport master css-lab up
ip -n @host link set css-lab up
ip -n @host addr add 172.31.0.1/24 dev css-lab
ip -n @host addr add fd00:cafe::1/64 dev css-lab nodad
ip -n @container link set eth0 up
ip -n @container addr add 172.31.0.2/24 dev eth0
ip -n @container addr add fd00:cafe::2/64 dev eth0 nodad
ip -n @container route add default via 172.31.0.1
ip -n @container route add default via fd00:cafe::1
# what Docker does for "5432:5432", "5353:5353/udp" and a network with a way out
ip netns exec @host nft -f - <<'NFT'
table inet docker_like {
  chain prerouting {
    type nat hook prerouting priority dstnat;
    fib daddr type local tcp dport 5432 meta nfproto ipv4 dnat ip to 172.31.0.2:5432
    fib daddr type local tcp dport 5432 meta nfproto ipv6 dnat ip6 to [fd00:cafe::2]:5432
    fib daddr type local udp dport 5353 meta nfproto ipv4 dnat ip to 172.31.0.2:5353
    fib daddr type local udp dport 5353 meta nfproto ipv6 dnat ip6 to [fd00:cafe::2]:5353
    # an inner port that equals a public one: rules that look after the rewriting would let it through
    fib daddr type local tcp dport 8443 meta nfproto ipv4 dnat ip to 172.31.0.2:443
  }
  chain postrouting {
    type nat hook postrouting priority srcnat;
    ip saddr 172.31.0.0/24 oifname "eth0" masquerade
    ip6 saddr fd00:cafe::/64 oifname "eth0" masquerade
  }
}
NFT
`;
