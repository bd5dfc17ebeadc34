import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { renderStack } from '../../src/library.ts';
import { renderFirewall } from '../../src/render/firewall/index.ts';
import { BACKEND_LIMITS } from '../../src/render/firewall/limits.ts';
import { checkPolicy } from '../../src/render/firewall/policy.ts';
import type { FirewallPolicy } from '../../src/stack/model.ts';

const base: FirewallPolicy = {
  publicTcp: [443, 80],
  publicUdp: [],
  sshPorts: [22],
  sshFrom: [],
  openings: [],
  trustedInterfaces: [],
  backend: 'nftables',
  blockPrivateEgress: false,
  metadataDns: true,
  containersToHost: [],
};

const meta = { stackName: 'shop' };

const files = (change: Partial<FirewallPolicy> = {}, stackName = 'shop') =>
  renderFirewall({ ...base, ...change }, { stackName });

const contentOf = (path: string, change: Partial<FirewallPolicy> = {}) =>
  files(change).find((file) => file.path === path)!.content;

const script = (change: Partial<FirewallPolicy> = {}) => contentOf('firewall/firewall.sh', change);

/** The words of an array of the script's value block; single quotes taken off. */
function valuesOf(text: string, name: string): string[] {
  const body = new RegExp(`^readonly -a ${name}=\\(([^)]*)\\)`, 'm').exec(text)![1]!;
  const words = body.replace(/#.*/g, '').match(/'[^']*'|[^\s']+/g) ?? [];
  return words.map((word) => word.replace(/^'(.*)'$/, '$1'));
}

function problemsOf(act: () => unknown): readonly { path?: string; message: string; hint?: string }[] {
  try {
    act();
  } catch (error) {
    if (error instanceof UserError) return error.problems;
    throw error;
  }
  return [];
}

const port = fc.integer({ min: 1, max: 65535 });
const cidr = fc.oneof(
  fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })).map(([address, bits]) => `${address}/${bits}`),
  fc.ipV4(),
  fc
    .tuple(
      fc.ipV6().filter((address) => !address.includes('.')),
      fc.integer({ min: 0, max: 128 }),
    )
    .map(([address, bits]) => `${address}/${bits}`),
);
const policy: fc.Arbitrary<FirewallPolicy> = fc.record({
  publicTcp: fc.array(port, { maxLength: 5 }),
  publicUdp: fc.array(port, { maxLength: 5 }),
  sshPorts: fc.array(port, { maxLength: 3 }),
  sshFrom: fc.array(cidr, { maxLength: 3 }),
  openings: fc.array(
    fc.record({
      port,
      protocol: fc.constantFrom('tcp' as const, 'udp' as const),
      from: fc.array(cidr, { maxLength: 3 }),
    }),
    { maxLength: 3 },
  ),
  trustedInterfaces: fc.array(fc.stringMatching(/^[a-z][a-z0-9]{0,14}$/), { maxLength: 2 }),
  backend: fc.constantFrom('nftables' as const, 'iptables' as const, 'ufw' as const),
  blockPrivateEgress: fc.boolean(),
  metadataDns: fc.boolean(),
  containersToHost: fc.array(port, { maxLength: 3 }),
});

describe('the files', () => {
  it('are an executable script and a page', () => {
    expect(files().map(({ path, mode, class: owner }) => ({ path, mode, owner }))).toEqual([
      { path: 'firewall/firewall.sh', mode: 0o755, owner: 'generated' },
      { path: 'firewall/README.md', mode: 0o644, owner: 'generated' },
    ]);
  });

  it('are the same for the same intent, whatever the order and repetitions', () => {
    fc.assert(
      fc.property(policy, (one) => {
        const reversed = (list: readonly never[]) => [...list, ...list].reverse();
        const other = Object.fromEntries(
          Object.entries(one).map(([key, value]) => [
            key,
            Array.isArray(value) ? reversed(value as never[]) : value,
          ]),
        ) as unknown as FirewallPolicy;
        expect(renderFirewall(other, meta)).toEqual(renderFirewall(one, meta));
      }),
    );
  });

  it('end in one line feed and hold no tabs or trailing blanks', () => {
    for (const { content } of files({ openings: [{ port: 1, protocol: 'tcp', from: ['::1'] }] })) {
      expect(content).toMatch(/[^\n]\n$/);
      expect(content).not.toMatch(/[ \t]\n|\t|\r/);
    }
  });
});

describe('the script', () => {
  it('carries exactly the ports of the policy, sorted as numbers', () => {
    fc.assert(
      fc.property(policy, (one) => {
        const text = renderFirewall(one, meta)[0]!.content;
        const sorted = (ports: readonly number[]) =>
          [...new Set(ports)].sort((a, b) => a - b).map((number) => String(number));
        expect(valuesOf(text, 'PUBLIC_TCP')).toEqual(sorted(one.publicTcp));
        expect(valuesOf(text, 'PUBLIC_UDP')).toEqual(sorted(one.publicUdp));
        expect(valuesOf(text, 'SSH_PORTS')).toEqual(sorted(one.sshPorts));
      }),
    );
  });

  it('opens a port for each source that was named, and for nobody where none was', () => {
    fc.assert(
      fc.property(policy, (one) => {
        const text = renderFirewall(one, meta)[0]!.content;
        const wanted = one.openings.flatMap((o) => o.from.map((from) => `${o.protocol} ${o.port} ${from}`));
        expect(new Set(valuesOf(text, 'OPENINGS'))).toEqual(new Set(wanted));
      }),
    );
  });

  it('quotes every value that has more than plain characters', () => {
    const text = script({ openings: [{ port: 5432, protocol: 'tcp', from: ['203.0.113.0/24'] }] });
    expect(text).toContain("\n  'tcp 5432 203.0.113.0/24'\n");
  });

  it('has no literal port outside the block of values', () => {
    const change = { publicTcp: [48123], publicUdp: [48124], sshPorts: [48125] };
    const rest = script(change).replace(/^readonly -a .*$/gm, '');
    expect(rest).not.toMatch(/4812[345]/);
  });

  it('never flushes, saves or edits rules of anybody else', () => {
    expect(script()).not.toMatch(/nft [^\n]*\bruleset|\beval\b|iptables-restore/);
  });
});

describe('hostile and mistaken values', () => {
  const refused: [string, Partial<FirewallPolicy>, string][] = [
    ['a port with a command', { publicTcp: ['80; reboot' as never] }, 'firewall.publicTcp.0'],
    ['port 0', { publicUdp: [0] }, 'firewall.publicUdp.0'],
    ['port 65536', { sshPorts: [22, 65536] }, 'firewall.sshPorts.1'],
    ['a fraction', { publicTcp: [80.5] }, 'firewall.publicTcp.0'],
    ['NaN', { publicTcp: [Number.NaN] }, 'firewall.publicTcp.0'],
    ['a range that closes the rule set', { sshFrom: ['10.0.0.0/8 } }'] }, 'firewall.sshFrom.0'],
    ['a range with a line break', { sshFrom: ['10.0.0.0/8\naccept'] }, 'firewall.sshFrom.0'],
    ['a prefix too long', { sshFrom: ['10.0.0.0/33'] }, 'firewall.sshFrom.0'],
    ['an IPv6 prefix too long', { sshFrom: ['2001:db8::/129'] }, 'firewall.sshFrom.0'],
    ['an empty prefix', { sshFrom: ['10.0.0.0/'] }, 'firewall.sshFrom.0'],
    ['a leading zero', { sshFrom: ['10.0.0.0/08'] }, 'firewall.sshFrom.0'],
    ['a zone', { sshFrom: ['fe80::1%eth0'] }, 'firewall.sshFrom.0'],
    ['IPv4 inside IPv6', { sshFrom: ['::ffff:192.0.2.1'] }, 'firewall.sshFrom.0'],
    ['a host name', { sshFrom: ['office.example.com'] }, 'firewall.sshFrom.0'],
    [
      'an opening from nonsense',
      { openings: [{ port: 1, protocol: 'tcp', from: ['::/0', '$(id)'] }] },
      'firewall.openings.0.from.1',
    ],
    [
      'an opening of another protocol',
      { openings: [{ port: 1, protocol: 'sctp' as never, from: [] }] },
      'firewall.openings.0.protocol',
    ],
    ['a pattern of interfaces', { trustedInterfaces: ['eth*'] }, 'firewall.trustedInterfaces.0'],
    ['an interface with a quote', { trustedInterfaces: ['wg0" accept'] }, 'firewall.trustedInterfaces.0'],
    ['an interface too long', { trustedInterfaces: ['a234567890123456'] }, 'firewall.trustedInterfaces.0'],
  ];

  it.each(refused)('%s is refused by its path, with a hint', (_, change, path) => {
    const problems = problemsOf(() => files(change));
    expect(problems.map((problem) => problem.path)).toEqual([path]);
    expect(problems[0]!.hint).toBeTruthy();
  });

  it('all of them are named at once', () => {
    const paths = problemsOf(() => files({ publicTcp: [0, 80, 70000], sshFrom: ['x'] })).map((p) => p.path);
    expect(new Set(paths)).toEqual(
      new Set(['firewall.publicTcp.0', 'firewall.publicTcp.2', 'firewall.sshFrom.0']),
    );
  });

  it('a stack name that is none is refused', () => {
    for (const name of ['', 'Shop', 'a"b', 'x\ny', '../x', 'a'.repeat(64)])
      expect(
        problemsOf(() => files({}, name)).map((p) => p.path),
        name,
      ).toEqual(['name']);
  });

  it('no text passes as a range unless it is made of the characters of addresses alone', () => {
    const nearly = fc.string({
      unit: fc.constantFrom(...'0123456789abcdef.:/ }{;$\n"%*'.split('')),
      maxLength: 24,
    });
    fc.assert(
      fc.property(fc.oneof(nearly, fc.string()), (text) => {
        const accepted = problemsOf(() => checkPolicy({ ...base, sshFrom: [text] })).length === 0;
        if (accepted) expect(text).toMatch(/^[0-9a-fA-F.:]+(\/\d+)?$/);
        if (/[^0-9a-fA-F.:/]/.test(text)) expect(accepted).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('the page', () => {
  const page = (change: Partial<FirewallPolicy> = {}) => contentOf('firewall/README.md', change);

  it('lists what is open, and for whom', () => {
    const text = page({
      sshFrom: ['203.0.113.0/24'],
      openings: [{ port: 5432, protocol: 'tcp', from: ['198.51.100.7'] }],
      trustedInterfaces: ['wg0'],
    });
    expect(text).toContain('| `80/tcp` | everybody |');
    expect(text).toContain('| `22/tcp` | SSH: 203.0.113.0/24 |');
    expect(text).toContain('| `5432/tcp` | 198.51.100.7 |');
    expect(text).toContain('| `wg0` | everybody behind this interface |');
  });

  it.each(['iptables', 'ufw'] as const)(
    'lists what the second choice, %s, does worse, as does the report',
    (backend) => {
      const limits = BACKEND_LIMITS[backend].map(({ control }) => control);
      expect(limits.length).toBeGreaterThan(0);
      for (const control of limits) {
        expect(page({ backend })).toContain(control);
        expect(page()).not.toContain(control);
      }
      expect(page({ backend })).toContain('-D PREROUTING -j CSS_PRE');
      const stack =
        'version: 1\nname: shop\nenvironment: production\ndomains: [shop.example.com]\ntls: { mode: dev-ca }\n';
      const report = (yaml: string) =>
        renderStack(yaml, { redactSecrets: true }).find(({ path }) => path === 'SECURITY-REPORT.md')!.content;
      for (const control of limits) {
        expect(report(`${stack}firewall: { backend: ${backend} }\n`)).toContain(control);
        expect(report(stack)).not.toContain(control);
      }
    },
  );

  it('says how to get back in', () => {
    expect(page()).toMatch(/Locked out/);
    expect(page()).toContain('nft delete table inet css_fw');
  });
});
