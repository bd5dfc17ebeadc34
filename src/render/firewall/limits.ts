import type { FirewallBackend } from '../../stack/model.ts';

/** What a second choice does worse than the nftables rules, for the report and the firewall's own page. */
export const BACKEND_LIMITS: Readonly<
  Record<FirewallBackend, readonly { control: string; reason: string }[]>
> = {
  nftables: [],
  iptables: [
    {
      control: 'one transaction for IPv4 and IPv6',
      reason:
        'firewall.backend is iptables: each family is replaced at once, but one after the other; should the second fail, the script goes back to the rules confirmed last',
    },
    {
      control: 'rules of its own, ahead of all others',
      reason:
        'firewall.backend is iptables: the chains share table mangle with other programs; a rule somebody puts before them can let packets past, and "iptables -t mangle -F" empties them (firewall.sh status and verify notice both)',
    },
    {
      control: 'closed by default',
      reason:
        'firewall.backend is iptables: the last rule of a chain drops, not the policy of the hook, so an emptied chain lets everything in',
    },
  ],
};
