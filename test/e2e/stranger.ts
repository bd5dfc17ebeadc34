import { randomInt } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { type RunOptions, type RunResult, run } from './process.ts';

/** Another machine on a network of the host's: what it reaches is what an attacker on that network reaches. */
export interface Stranger {
  /** The network namespace's name, for `ip netns exec`. */
  readonly namespace: string;
  /** The host's addresses as the stranger sees them. */
  readonly host: { readonly v4: string; readonly v6: string };
  /** The stranger's own addresses. */
  readonly own: { readonly v4: string; readonly v6: string };
  /** Runs a program as the stranger. */
  exec(command: string, args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /**
   * Tries a TCP connection to each port and returns those that accept, ascending. Refused and silent ports count as
   * closed. `target` defaults to the host's IPv4 address; `timeoutMs` (default 500) is per port.
   */
  scan(ports: Iterable<number>, options?: { target?: string; timeoutMs?: number }): Promise<number[]>;
  /** Deletes the namespace, and with it both ends of the cable. */
  remove(): Promise<void>;
}

const scanner = fileURLToPath(new URL('./port-scan.mjs', import.meta.url));

/**
 * Makes a network namespace that is joined to the host by a veth pair with a private /30 and /64 of its own, and whose
 * default route is the host. Needs root and iproute2. Nothing else of the host's network is changed.
 */
export async function networkNamespaceStranger(): Promise<Stranger> {
  const id = randomInt(0x10000).toString(16).padStart(4, '0');
  const namespace = `css-stranger-${id}`;
  const cable = { host: `css-h-${id}`, own: `css-s-${id}` };
  const subnet = `10.213.${await freeThirdOctet()}`;
  const host = { v4: `${subnet}.1`, v6: `fd00:213:${id}::1` };
  const own = { v4: `${subnet}.2`, v6: `fd00:213:${id}::2` };
  const ip = (...args: string[]) => run('ip', args);
  const inside = (...args: string[]) => run('ip', ['-n', namespace, ...args]);

  await ip('netns', 'add', namespace);
  try {
    await ip('link', 'add', cable.host, 'type', 'veth', 'peer', 'name', cable.own, 'netns', namespace);
    await ip('address', 'add', `${host.v4}/30`, 'dev', cable.host);
    // nodad: an address under duplicate detection cannot be used for its first second.
    await ip('address', 'add', `${host.v6}/64`, 'dev', cable.host, 'nodad');
    await ip('link', 'set', cable.host, 'up');
    await inside('link', 'set', 'lo', 'up');
    await inside('address', 'add', `${own.v4}/30`, 'dev', cable.own);
    await inside('address', 'add', `${own.v6}/64`, 'dev', cable.own, 'nodad');
    await inside('link', 'set', cable.own, 'up');
    await inside('route', 'add', 'default', 'via', host.v4);
    await inside('-6', 'route', 'add', 'default', 'via', host.v6);
  } catch (error) {
    await run('ip', ['link', 'delete', cable.host], { allowFailure: true });
    await run('ip', ['netns', 'delete', namespace], { allowFailure: true });
    throw error;
  }

  const exec: Stranger['exec'] = (command, args, options) =>
    run('ip', ['netns', 'exec', namespace, command, ...args], options);
  return {
    namespace,
    host,
    own,
    exec,
    async scan(ports, { target = host.v4, timeoutMs = 500 } = {}) {
      const { stdout } = await exec(process.execPath, [scanner, target, String(timeoutMs)], {
        input: [...ports].join('\n'),
        timeoutMs: 600_000,
      });
      return JSON.parse(stdout) as number[];
    },
    async remove() {
      // First the cable: the end in a deleted namespace goes only when the kernel gets to it.
      await ip('link', 'delete', cable.host);
      await run('ip', ['netns', 'delete', namespace]);
    },
  };
}

async function freeThirdOctet(): Promise<number> {
  const { stdout } = await run('ip', ['-4', '-json', 'address']);
  const free = Array.from({ length: 256 }, (_, octet) => octet).filter(
    (octet) => !stdout.includes(`"10.213.${octet}.`),
  );
  if (free.length === 0)
    throw new Error('every subnet of 10.213.0.0/16 is in use; delete old css-stranger namespaces');
  return free[randomInt(free.length)]!;
}
