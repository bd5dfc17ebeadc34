import type { FirewallBackend } from '../../stack/model.ts';

interface Limit {
  control: string;
  reason: string;
}

const chains: readonly Limit[] = [
  {
    control: 'one transaction for IPv4 and IPv6',
    reason:
      'each family is replaced at once, but one after the other; should the second fail, the script goes back to the rules confirmed last',
  },
  {
    control: 'rules of its own, ahead of all others',
    reason:
      'the chains share table mangle with other programs; a rule somebody puts before them can let packets past, and "iptables -t mangle -F" empties them (firewall.sh status and verify notice both)',
  },
  {
    control: 'closed by default',
    reason:
      'the last rule of a chain drops, not the policy of the hook, so an emptied chain lets everything in',
  },
];

const besideUfw: readonly Limit[] = [
  {
    control: 'ports that containers publish, closed by ufw',
    reason: 'ufw does not see them; the script’s chains judge them, by stack.yaml alone',
  },
  {
    control: 'one list of open ports',
    reason:
      'apply opens the same ports in an active ufw, by rules with the comment "secure-stack firewall"; the administrator’s own rules stay and decide, for services of the host (one that denies SSH must come first: ufw insert 1); a ufw switched on later needs firewall.sh rollback (status tells both)',
  },
  {
    control: 'what ufw drops by default',
    reason:
      'what is routed, which with Docker’s nftables backend cuts containers off (verify notices), and all IPv6 where its settings say IPV6=no',
  },
];

const because = (backend: FirewallBackend, limits: readonly Limit[]): readonly Limit[] =>
  limits.map(({ control, reason }) => ({ control, reason: `firewall.backend is ${backend}: ${reason}` }));

/** What a second choice does worse than the nftables rules, for the report and the firewall's own page. */
export const BACKEND_LIMITS: Readonly<Record<FirewallBackend, readonly Limit[]>> = {
  nftables: [],
  iptables: because('iptables', chains),
  ufw: because('ufw', [...besideUfw, ...chains]),
};
