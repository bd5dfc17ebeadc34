import { isIPv4, isIPv6 } from 'node:net';
import { type Problem, UserError } from '../../errors.ts';
import type { FirewallBackend, FirewallPolicy } from '../../stack/model.ts';

/** A policy whose every value is well-formed, each list sorted and without repetition. */
export interface CheckedPolicy {
  sshPorts: readonly number[];
  sshFrom: readonly string[];
  publicTcp: readonly number[];
  publicUdp: readonly number[];
  /** One for each source. */
  openings: readonly { protocol: 'tcp' | 'udp'; port: number; from: string }[];
  trustedInterfaces: readonly string[];
  backend: FirewallBackend;
  blockPrivateEgress: boolean;
  metadataDns: boolean;
  containersToHost: readonly number[];
}

/**
 * Checks a firewall policy and brings it into canonical order, so that the same intent gives the same rules.
 * @throws {UserError} naming every ill-formed value by its path in stack.yaml
 */
export function checkPolicy(policy: FirewallPolicy): CheckedPolicy {
  const problems: Problem[] = [];
  const check = (path: string, value: unknown, kind: Kind) => {
    if (kind.accepts(value)) return;
    const message = `${JSON.stringify(value)} is not ${kind.what}`;
    problems.push({ path: `firewall.${path}`, message, hint: kind.hint });
  };
  const checkAll = <T extends string | number>(path: string, values: readonly T[], kind: Kind): T[] => {
    for (const [index, value] of values.entries()) check(`${path}.${index}`, value, kind);
    return unique(values);
  };

  const openings = policy.openings.flatMap(({ protocol, port, from: sources }, index) => {
    check(`openings.${index}.port`, port, portKind);
    check(`openings.${index}.protocol`, protocol, protocolKind);
    return checkAll(`openings.${index}.from`, sources, cidrKind).map((from) => ({ protocol, port, from }));
  });
  const checked: CheckedPolicy = {
    sshPorts: checkAll('sshPorts', policy.sshPorts, portKind),
    sshFrom: checkAll('sshFrom', policy.sshFrom, cidrKind),
    publicTcp: checkAll('publicTcp', policy.publicTcp, portKind),
    publicUdp: checkAll('publicUdp', policy.publicUdp, portKind),
    openings: uniqueBy(openings, (opening) => `${opening.protocol} ${opening.port} ${opening.from}`),
    trustedInterfaces: checkAll('trustedInterfaces', policy.trustedInterfaces, interfaceKind),
    backend: policy.backend,
    blockPrivateEgress: policy.blockPrivateEgress,
    metadataDns: policy.metadataDns,
    containersToHost: checkAll('containersToHost', policy.containersToHost, portKind),
  };
  check('backend', policy.backend, backendKind);
  if (problems.length > 0) throw new UserError(problems);
  return checked;
}

interface Kind {
  accepts: (value: unknown) => boolean;
  what: string;
  hint: string;
}

const portKind: Kind = {
  accepts: (value) => typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65535,
  what: 'a port',
  hint: 'a whole number from 1 to 65535',
};

const protocolKind: Kind = {
  accepts: (value) => value === 'tcp' || value === 'udp',
  what: 'a protocol',
  hint: 'tcp or udp',
};

const backendKind: Kind = {
  accepts: (value) => value === 'nftables' || value === 'iptables' || value === 'ufw',
  what: 'a way to load rules',
  hint: 'nftables, iptables or ufw',
};

const cidrKind: Kind = {
  accepts: (value) => typeof value === 'string' && isCidr(value),
  what: 'an address range',
  hint: 'e.g. 203.0.113.7, 203.0.113.0/24 or 2001:db8::/48',
};

const interfaceKind: Kind = {
  // Linux allows 15 bytes; a pattern such as `eth*` is refused, because it could cover the uplink.
  accepts: (value) => typeof value === 'string' && /^[A-Za-z0-9][A-Za-z0-9._-]{0,14}$/.test(value),
  what: 'a network interface',
  hint: 'a name as `ip link` shows it, e.g. wg0',
};

function isCidr(value: string): boolean {
  const [, address = '', , prefix = ''] = /^([0-9A-Fa-f.:]+)(\/(0|[1-9][0-9]{0,2}))?$/.exec(value) ?? [];
  if (isIPv4(address)) return Number(prefix) <= 32;
  // Dots inside IPv6 (::ffff:192.0.2.1) would be packets of IPv4, which no IPv6 rule ever sees.
  return !address.includes('.') && isIPv6(address) && Number(prefix) <= 128;
}

function unique<T extends string | number>(values: readonly T[]): T[] {
  return [...new Set(values)].sort((a, b) =>
    typeof a === 'number' && typeof b === 'number' ? a - b : a < b ? -1 : a > b ? 1 : 0,
  );
}

function uniqueBy<T>(items: readonly T[], key: (item: T) => string): T[] {
  const byKey = new Map(items.map((item) => [key(item), item]));
  return unique([...byKey.keys()]).map((name) => byKey.get(name)!);
}
