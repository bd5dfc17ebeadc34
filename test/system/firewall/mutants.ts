/** A rule set with one thing wrong. */
export interface Mutant {
  what: string;
  rules: string;
}

/** A line that ends nothing and begins nothing: a rule, not a chain, a set or a hook. */
const isRule = (line: string) => /^ {4}\S/.test(line) && !/^ {4}(type|#)/.test(line);

/** Each rule taken away once, and each element of each list. */
export function removals(rules: string): Mutant[] {
  const lines = rules.split('\n');
  const withLine = (index: number, line: string | undefined) =>
    lines.flatMap((old, at) => (at !== index ? [old] : line === undefined ? [] : [line])).join('\n');
  let chain = '';
  return lines.flatMap((line, index): Mutant[] => {
    chain = /^ {2}(?:chain|set) (\S+)/.exec(line)?.[1] ?? chain;
    const list = /\{ ([^{}]*,[^{}]*) \}/.exec(line);
    const elements = list?.[1]?.split(/, ?/) ?? [];
    return [
      ...(isRule(line)
        ? [{ what: `${chain}: without “${line.trim()}”`, rules: withLine(index, undefined) }]
        : []),
      ...elements.map((element) => {
        const rest = elements.filter((other) => other !== element).join(', ');
        return {
          what: `${chain}: without ${element} in “${line.trim()}”`,
          rules: withLine(index, line.replace(list![1]!, rest)),
        };
      }),
    ];
  });
}

const weaker: [what: string, from: RegExp, to: string][] = [
  ['judged after the rewriting', /hook prerouting priority mangle/, 'hook prerouting priority -90'],
  ['judged before connection tracking', /hook prerouting priority mangle/, 'hook prerouting priority raw'],
  [
    'answers in both directions',
    /established,related ct direction reply accept/,
    'established,related accept',
  ],
  ['any local address', /fib daddr \. iif type != local/, 'fib daddr type != local'],
  ['SSH limited as a session, not a login', /ct state new add @ssh_seen4/, 'add @ssh_seen4'],
  [
    'ten times the logins',
    /ip saddr limit rate over 10\/minute burst 10/,
    'ip saddr limit rate over 100/minute burst 100',
  ],
  [
    'ten times the logins, IPv6',
    /:: limit rate over 10\/minute burst 10/,
    ':: limit rate over 100/minute burst 100',
  ],
  ['IPv6 logins by address', /ip6 saddr and ffff:ffff:ffff:ffff::/, 'ip6 saddr'],
  ['pings without a limit', /(icmp type echo-request) limit.* accept/, '$1 accept'],
  ['pings without a limit, IPv6', /(icmpv6 type echo-request) limit.* accept/, '$1 accept'],
  ['leases from any port', /udp sport 67 udp dport 68/, 'udp dport 68'],
  ['leases from any port, IPv6', /udp sport 547 udp dport 546/, 'udp dport 546'],
  [
    'listener reports from anywhere refused too',
    /(mld2-listener-report \}) ip6 saddr fe80::\/10/,
    '$1 ip6 saddr fe80::dead',
  ],
  ['an inside so wide that it holds the uplink', /iifname "br-\*"/, 'iifname "*"'],
  ['an inside by the first letter', /iifname "css-\*"/, 'iifname "e*"'],
  ['containers judged as local by unicast alone', /fib daddr type != unicast/, 'fib daddr type broadcast'],
  [
    'containers get answers only',
    /ct state established,related accept/,
    'ct state established,related ct direction reply drop',
  ],
  ['metadata shut to root as well', /meta skuid != 0 ip daddr/, 'ip daddr'],
  ['metadata open by UDP', /ip daddr @metadata4 counter/, 'ip daddr @metadata4 meta l4proto udp counter'],
  [
    'private ranges shut to answers',
    /ct direction reply accept\n(.*resolver)/,
    'ct direction reply drop\n$1',
  ],
  ['everybody reaches an opening', /ip saddr 198\.51\.100\.3 tcp dport 5432/, 'tcp dport 5432'],
  [
    'open by default, and nothing at the end',
    /policy drop([\s\S]*)counter name world_drop goto world_end\n {2}\}/,
    'policy accept$1}',
  ],
  [
    'open by default, and SSH from beyond the list',
    /policy drop([\s\S]*chain ssh \{[^}]*) {4}counter name world_drop goto world_end\n/,
    'policy accept$1',
  ],
  ['open by default, and no drop at the end', /policy drop([\s\S]*info\n) {4}drop/, 'policy accept$1'],
];

/** Rules made weaker, or stricter than they may be. */
export function distortions(rules: string): Mutant[] {
  return weaker.flatMap(([what, from, to]) =>
    from.test(rules) ? [{ what, rules: rules.replace(from, to) }] : [],
  );
}

export const distortionNames = weaker.map(([what]) => what);
