import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { BlockList, isIPv6 } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { checkPolicy } from '../../src/render/firewall/policy.ts';
import type { FirewallPolicy } from '../../src/stack/model.ts';
import { basePolicy, Lab, missingForLab } from './firewall/lab.ts';

const policies: Record<string, Partial<FirewallPolicy>> = {
  usual: {},
  'everything closed': { publicTcp: [], publicUdp: [], sshPorts: [] },
  full: {
    publicTcp: [1, 80, 443, 65535],
    sshPorts: [22, 2222],
    sshFrom: ['0.0.0.0/0', '::/0', '203.0.113.9', '2001:DB8::/32'],
    openings: [
      { port: 5432, protocol: 'tcp', from: ['10.0.0.0/8', 'fd00::/8'] },
      { port: 51820, protocol: 'udp', from: ['0.0.0.0/0'] },
      { port: 6379, protocol: 'tcp', from: [] },
    ],
    trustedInterfaces: ['wg0', 'tailscale0'],
  },
};

describe.skipIf(missingForLab().length > 0)('the script', () => {
  const lab = new Lab();
  beforeAll(() => lab.start());
  afterAll(() => lab.stop());
  afterEach(() => lab.reset());

  it.each(Object.keys(policies))('satisfies shellcheck with every optional check (%s)', (name) => {
    const run = (file: string) =>
      spawnSync('shellcheck', ['-o', 'all', '-S', 'style', file], { encoding: 'utf8' });
    const result = run(lab.script(policies[name]));
    expect(result.stdout).toBe('');
    expect(result.status).toBe(0);
    // The judge is awake.
    expect(
      run(lab.script(policies[name], (text) => text.replace('\nmain()', '\nrm -rf $x/\nmain()'))).status,
    ).toBe(1);
  });

  it.each(Object.keys(policies))('prints, plans and loads a rule set that nft takes (%s)', (name) => {
    // Nobody's sshd listens here, so that a policy without SSH may load.
    const script = lab.script(policies[name]);
    const printed = lab.firewall(script, ['print']);
    expect(printed).toMatchObject({ code: 0, stderr: '' });
    expect(lab.run('host', ['nft', '-c', '-f', '-'], {}, printed.stdout)).toMatchObject({
      code: 0,
      stderr: '',
    });
    expect(lab.firewall(script, ['plan'])).toMatchObject({ code: 4, stderr: '' });
    expect(lab.firewall(script, ['apply'])).toMatchObject({ code: 0, stderr: '' });
    expect(lab.firewall(script, ['plan'])).toMatchObject({ code: 0, stderr: '' });
  });

  const pokes: [string, RegExp, string][] = [
    ['a command in a port', /^readonly -a PUBLIC_TCP=.*$/m, "readonly -a PUBLIC_TCP=('80; reboot')"],
    [
      'arithmetic in a port',
      /^readonly -a PUBLIC_UDP=.*$/m,
      "readonly -a PUBLIC_UDP=('a[$(touch /tmp/css-poked)]')",
    ],
    ['a port too high', /^readonly -a SSH_PORTS=.*$/m, 'readonly -a SSH_PORTS=(65536)'],
    ['rules in a port', /^readonly -a SSH_PORTS=.*$/m, "readonly -a SSH_PORTS=('22 } ; }')"],
    ['a range that closes a set', /^readonly -a SSH_FROM=.*$/m, "readonly -a SSH_FROM=('10.0.0.0/8 }')"],
    [
      'a second line in a range',
      /^readonly -a SSH_FROM=.*$/m,
      "readonly -a SSH_FROM=($'10.0.0.0/8\\naccept')",
    ],
    [
      'a second line in an opening',
      /^readonly -a OPENINGS=\(.*$/m,
      "readonly -a OPENINGS=($'tcp 1 ::1\\naccept'",
    ],
    ['a word too many', /^readonly -a OPENINGS=\(.*$/m, "readonly -a OPENINGS=('tcp 1 ::1 accept'"],
    [
      'a pattern for an interface',
      /^readonly -a TRUSTED_INTERFACES=.*$/m,
      "readonly -a TRUSTED_INTERFACES=('*')",
    ],
    [
      'a quote in an interface',
      /^readonly -a TRUSTED_INTERFACES=.*$/m,
      "readonly -a TRUSTED_INTERFACES=('a\" accept #')",
    ],
    ['a quote in the name', /^readonly STACK=.*$/m, "readonly STACK='a\" accept'"],
  ];
  it.each(pokes)('refuses %s, and changes nothing', (_, line, replacement) => {
    lab.firewall(lab.script(), ['apply']);
    const before = lab.table();
    const poked = lab.script({}, (text) => {
      expect(text).toMatch(line);
      return text.replace(line, () => replacement);
    });
    for (const command of ['apply', 'plan', 'print'])
      expect(lab.firewall(poked, [command])).toMatchObject({ code: 2, stdout: '' });
    expect(lab.table()).toBe(before);
    expect(spawnSync('test', ['-e', '/tmp/css-poked']).status).toBe(1);
  });

  it('knows addresses and ranges as Node does', () => {
    const octets = fc.constantFrom(
      '10.0.0.1',
      '10.0.0.129',
      '10.255.0.0',
      '192.0.2.77',
      '255.255.255.255',
      '0.0.0.0',
    );
    const groups = fc.constantFrom(
      '::',
      '::1',
      '2001:db8::1',
      '2001:db8:0:1::',
      '2001:DB8:8000::',
      'fe80::a9fe:a9fe',
      '1:2:3:4:5:6:7:8',
      '1::8',
      '::2:3:4:5:6:7:8',
    );
    const address = fc.oneof(
      octets,
      groups,
      fc.ipV4(),
      fc.ipV6().filter((text) => !text.includes('.')),
    );
    const noise = fc.string({ unit: fc.constantFrom(...'0123456789abf:./'.split('')), maxLength: 12 });
    const range = fc.oneof(
      fc.tuple(address, fc.integer({ min: 0, max: 130 })).map(([text, bits]) => `${text}/${bits}`),
      address,
      noise,
      fc.tuple(address, noise).map(([text, more]) => text + more),
    );
    const pairs = fc.sample(fc.tuple(address, range), { numRuns: 1500, seed: 7 });
    const functions = readFileSync(lab.script(), 'utf8').replace(/^\{\n {2}main[\s\S]*$/m, '');
    const loop =
      'while read -r a c; do if ! is_cidr "$c"; then echo no; elif is_within "$a" "$c"; then echo in; else echo out; fi; done';
    const file = join(lab.folder, 'functions.sh');
    writeFileSync(file, `${functions}\n${loop}\n`);
    const input = pairs.map((pair) => `${pair.join(' ')}\n`).join('');
    const { stdout } = spawnSync('bash', [file], { input, encoding: 'utf8' });
    const verdicts = stdout.trimEnd().split('\n');
    expect(verdicts).toHaveLength(pairs.length);
    expect(pairs.map((pair, index) => [...pair, verdicts[index]])).toEqual(
      pairs.map(([one, cidr]) => [one, cidr, verdict(one, cidr)]),
    );
    for (const kind of ['in', 'out', 'no'])
      expect(verdicts.filter((v) => v === kind).length).toBeGreaterThan(20);
  });

  it('refuses a broken environment or command line, and changes nothing', () => {
    const script = lab.script();
    const open = join(lab.folder, 'open-to-all');
    mkdirSync(open);
    chmodSync(open, 0o777);
    const refused = (args: string[], code: number, env = {}) =>
      expect(lab.firewall(script, args, env), args.join(' ')).toMatchObject({ code, stdout: '' });
    refused(['apply'], 2, { CSS_FIREWALL_STATE: 'relative/path' });
    refused(['apply'], 3, { CSS_FIREWALL_STATE: open });
    refused(['apply'], 3, { SSH_CONNECTION: 'x; reboot' });
    refused(['apply'], 3, { SSH_CONNECTION: '198.51.100.3 1 198.51.100.1 22 more' });
    refused(['apply', '--timeout', '0'], 2);
    refused(['apply', '--timeout', '3601'], 2);
    refused(['apply', '--timeout=a[$(id)]'], 2);
    refused(['apply', '--timeout'], 2);
    refused(['apply', '--now'], 2);
    refused(['open-everything'], 2);
    expect(lab.table()).toBe('');
  });

  it('helps, and asks for bash', () => {
    const script = lab.script();
    expect(lab.firewall(script, [])).toMatchObject({ code: 0, stdout: expect.stringContaining('confirm') });
    expect(lab.run('host', ['dash', script, 'apply'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('with bash'),
    });
  });

  it('without root, checks the rule set and says what it cannot see; changes nothing', () => {
    const script = lab.script();
    chmodSync(lab.folder, 0o755);
    chmodSync(join(script, '..'), 0o755);
    const nobody = (command: string) =>
      lab.run('host', ['setpriv', '--reuid=65534', '--clear-groups', script, command], lab.environment());
    expect(nobody('print').code).toBe(0);
    expect(nobody('plan')).toMatchObject({ code: 1, stderr: expect.stringContaining('sudo') });
    for (const command of ['apply', 'confirm', 'rollback', 'status', 'remove'])
      expect(nobody(command)).toMatchObject({ code: 2, stderr: expect.stringContaining('needs root') });
    expect(lab.table()).toBe('');
  });
});

/** The same judgement by other code: `no` range at all, or the address `in` or `out` of it. */
function verdict(address: string, cidr: string): 'no' | 'in' | 'out' {
  try {
    checkPolicy({ ...basePolicy, sshFrom: [cidr] });
  } catch (error) {
    if (error instanceof UserError) return 'no';
    throw error;
  }
  const [network = '', bits] = cidr.split('/');
  const family = (text: string) => (isIPv6(text) ? 'ipv6' : 'ipv4');
  if (family(address) !== family(network)) return 'out';
  const list = new BlockList();
  list.addSubnet(network, Number(bits ?? (isIPv6(network) ? 128 : 32)), family(network));
  return list.check(address, family(address)) ? 'in' : 'out';
}
