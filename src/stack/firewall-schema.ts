import * as v from 'valibot';
import { cidr, port, source, text } from './value-schemas.ts';

export const firewallSchema = v.strictObject({
  sshPorts: v.optional(
    v.pipe(v.array(port), v.minLength(1), v.description('Ports of the SSH server.')),
    [22],
  ),
  sshFrom: v.optional(
    v.pipe(v.array(cidr), v.description('Addresses SSH is allowed from; empty: everybody, rate-limited.')),
    [],
  ),
  openings: v.optional(
    v.pipe(
      v.array(
        v.strictObject({
          port: v.pipe(port, v.description('Port of the host.')),
          protocol: v.optional(
            v.pipe(v.picklist(['tcp', 'udp']), v.description('Protocol of the port.')),
            'tcp',
          ),
          from: v.pipe(
            v.array(source),
            v.minLength(1, 'must name a source; the word "anywhere" is one'),
            v.description('Who is let in: addresses, ranges, or `anywhere`.'),
          ),
          why: v.optional(v.pipe(text, v.description('What for; the security report says it.'))),
        }),
      ),
      v.description(
        'Ports of the host itself that are open as well, or of another stack on it: a VPN (WireGuard: 51820, udp), monitoring, the nodes of a swarm.',
      ),
    ),
    [],
  ),
  trustedInterfaces: v.optional(
    v.pipe(
      v.array(
        v.pipe(
          v.string(),
          v.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,14}$/, 'must be an interface name such as wg0'),
        ),
      ),
      v.description('Interfaces that are not filtered, such as a VPN’s.'),
    ),
    [],
  ),
  backend: v.optional(
    v.pipe(
      v.picklist(['nftables', 'iptables', 'ufw']),
      v.description(
        'What the rules are loaded with. `iptables` is the second choice, for hosts without nft; `ufw`: the iptables rules, and the same ports allowed in ufw. The security report lists what these two do less well.',
      ),
    ),
    'nftables',
  ),
  blockPrivateEgress: v.optional(
    v.pipe(
      v.boolean(),
      v.description(
        'Containers may not open connections to private addresses outside the host (10.0.0.0/8, fc00::/7, …).',
      ),
    ),
    false,
  ),
  metadataDns: v.optional(
    v.pipe(
      v.boolean(),
      v.description(
        'Port 53 of the cloud’s metadata addresses stays open to containers: it is the resolver of AWS, Azure and Google.',
      ),
    ),
    true,
  ),
  containersToHost: v.optional(
    v.pipe(v.array(port), v.description('TCP ports of services of the host itself that containers may use.')),
    [],
  ),
});
