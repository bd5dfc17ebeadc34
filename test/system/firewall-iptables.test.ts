import { spawnSync } from 'node:child_process';
import { mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ADDRESS, emergency, Lab, missingForLab, until } from './firewall/lab.ts';
import { fullPolicy, furnish, listPolicy, Observer, type Sight } from './firewall/observe.ts';

const { host, host6, neighbour } = ADDRESS;
const programs = [
  'iptables',
  'iptables-save',
  'iptables-restore',
  'ip6tables',
  'ip6tables-save',
  'ip6tables-restore',
];

describe.skipIf(missingForLab(programs).length > 0)('the second choice, iptables', () => {
  const lab = new Lab();
  let observer: Observer;
  beforeAll(async () => {
    await lab.start();
    await furnish(lab);
    observer = new Observer(lab);
  });
  afterAll(() => lab.stop());
  afterEach(() => {
    lab.firewall(lab.script({ backend: 'iptables' }), ['remove', '--replace']);
    lab.reset();
  });

  const iptables = (policy: Parameters<Lab['script']>[0] = {}) =>
    lab.script({ ...policy, backend: 'iptables' });
  const confirmed = (script: string, env = {}) => {
    expect(lab.firewall(script, ['apply'], env)).toMatchObject({ code: 0, stderr: '' });
    expect(lab.firewall(script, ['confirm'], env)).toMatchObject({ code: 0, stderr: '' });
    return script;
  };
  /** Without counters and dates. */
  const rules = () =>
    ['iptables-save', 'ip6tables-save']
      .map((save) => lab.run('host', [save]).stdout.replace(/^#.*$|\[\d+:\d+\]/gm, ''))
      .join('\n');

  /** Through the script from the first packet to the last, whatever the rules are loaded with. */
  const look = (script: string, env: NodeJS.ProcessEnv = {}): Promise<Sight> =>
    observer.look({
      load: () => confirmed(script, env),
      unload: () => lab.firewall(script, ['remove'], env),
      counters: () => {
        const { stdout } = lab.firewall(script, ['status'], env);
        const lines = [...stdout.matchAll(/^(\w+) +(\d+) packets/gm)];
        return Object.fromEntries(lines.map(([, name, packets]) => [name!, Number(packets)]));
      },
    });

  it.each([
    ['the usual rules', {}],
    ['every option', fullPolicy],
    ['SSH by list', listPolicy],
  ])('judges every packet as nftables does: %s', async (_, policy) => {
    const first = await look(lab.script(policy));
    lab.firewall(lab.script(policy), ['remove']);
    expect(await look(iptables(policy))).toEqual(first);
  });

  it('does so by the older kernel interface as well', async () => {
    const folder = mkdtempSync(join(lab.folder, 'legacy-'));
    for (const program of programs) {
      const legacy = program.replace(/^(ip6?tables)/, '$1-legacy');
      symlinkSync(join('/usr/sbin', legacy), join(folder, program));
    }
    const env = { PATH: `${folder}:${process.env['PATH']}` };
    const script = iptables(fullPolicy);
    const seen = await look(script, env);
    expect(lab.run('host', ['nft', 'list', 'ruleset']).stdout).not.toContain('CSS_');
    expect(lab.firewall(script, ['plan'], env)).toMatchObject({ code: 0, stdout: 'no change\n' });
    expect(lab.firewall(script, ['remove'], env)).toMatchObject({ code: 0, stderr: '' });
    expect(await look(lab.script(fullPolicy))).toEqual(seen);
    lab.firewall(lab.script(fullPolicy), ['remove']);
  });

  it('satisfies shellcheck with every optional check', () => {
    for (const policy of [{}, fullPolicy, listPolicy])
      expect(
        spawnSync('shellcheck', ['-o', 'all', '-S', 'style', iptables(policy)], { encoding: 'utf8' }).stdout,
      ).toBe('');
  });

  it('plan shows a change, none, and a hole; others’ rules stay', () => {
    lab.run('host', [
      'iptables',
      '-t',
      'mangle',
      '-A',
      'PREROUTING',
      '-p',
      'tcp',
      '--dport',
      '80',
      '-j',
      'MARK',
      '--set-mark',
      '7',
    ]);
    const before = rules();
    const script = iptables();
    expect(lab.firewall(script, ['plan'])).toMatchObject({ code: 4, stderr: '' });
    expect(rules()).toBe(before);
    confirmed(script);
    expect(lab.firewall(script, ['plan'])).toMatchObject({ code: 0, stdout: 'no change\n', stderr: '' });
    expect(lab.firewall(iptables({ publicTcp: [80, 8443] }), ['plan']).stdout).toMatch(/^\+.*--dport 8443/m);
    for (const hole of ['CSS_WORLD', 'PREROUTING']) {
      lab.run('host', ['iptables', '-t', 'mangle', '-I', hole, '-j', 'ACCEPT']);
      expect(lab.firewall(script, ['status'])).toMatchObject({ code: 4 });
      lab.run('host', ['iptables', '-t', 'mangle', '-D', hole, '-j', 'ACCEPT']);
      expect(lab.firewall(script, ['status'])).toMatchObject({ code: 0 });
    }
    expect(rules()).toContain('--set-xmark 0x7');
    expect(lab.firewall(script, ['remove'])).toMatchObject({ code: 0, stderr: '' });
    expect(rules()).toBe(before);
    lab.run('host', ['iptables', '-t', 'mangle', '-F', 'PREROUTING']);
  });

  it('goes back by itself, to what was confirmed or to nothing', async () => {
    const script = iptables();
    lab.firewall(script, ['apply', '--timeout=5']);
    expect(rules()).toContain('CSS_PRE');
    expect(await until(() => !rules().includes('CSS_'), 30)).toBe(true);
    confirmed(script);
    lab.firewall(iptables({ publicTcp: [8080] }), ['apply', '--timeout=5']);
    expect(rules()).toContain('8080');
    expect(await until(() => !rules().includes('8080'), 30)).toBe(true);
    expect(lab.firewall(script, ['status'])).toMatchObject({ code: 0 });
  });

  it('loads neither family when one of them is refused', () => {
    confirmed(iptables());
    const before = rules();
    const broken = lab.script({ backend: 'iptables', publicTcp: [8080] }, (text) =>
      text.replace(
        "say '-A CSS_CONT -j RETURN'",
        '[[ $1 == iptables ]] || say "-A CSS_CONT --no-such-thing"; $&',
      ),
    );
    expect(lab.firewall(broken, ['apply'])).toMatchObject({ code: 1 });
    expect(rules()).toBe(before);
  });

  it('blocks and unblocks, for a time or for good', async () => {
    const script = confirmed(iptables());
    const open = await lab.connect('neighbour', host, 443);
    expect(lab.firewall(script, ['block', neighbour])).toMatchObject({ code: 0, stderr: '' });
    expect(await open.alive()).toBe(false);
    expect(lab.firewall(script, ['block', '2001:db8:1::3', '--for=10s'])).toMatchObject({
      code: 0,
      stderr: '',
    });
    const site = [`tcp,${host},443`, `tcp,${host6},443`];
    expect(lab.answers('neighbour', site)).toEqual([]);
    expect(await until(() => lab.answers('neighbour', [site[1]!]).length === 1, 30)).toBe(true);
    expect(lab.answers('neighbour', site)).toEqual([site[1]]);
    // What is told of it is what the kernel has; the host's way to itself stays.
    expect(lab.firewall(script, ['status'])).toMatchObject({ code: 0 });
    writeFileSync(join(lab.state, 'blocked'), `${neighbour} 0\n127.0.0.1 0\n2001:db8:9::/64 0\n`);
    expect(lab.firewall(script, ['status'])).toMatchObject({ code: 4 });
    expect(lab.firewall(script, ['boot'])).toMatchObject({ code: 0, stderr: '' });
    expect(lab.firewall(script, ['blocks'])).toMatchObject({ code: 0 });
    expect(lab.answers('host', ['tcp,127.0.0.1,9000'])).toHaveLength(1);
    for (const [family, chain] of [
      ['iptables', 'OUT'],
      ['ip6tables', 'IN'],
    ]) {
      lab.run('host', [family!, '-t', 'raw', '-F', `CSS_BLOCK_${chain}`]);
      expect(lab.firewall(script, ['blocks'])).toMatchObject({ code: 4 });
      lab.firewall(script, ['rollback']);
    }
    lab.run('host', ['sh', '-euc', emergency('iptables')]);
    expect(lab.answers('neighbour', [...site, `tcp,${host},9000`])).toHaveLength(3);
    lab.firewall(script, ['rollback']);
    expect(lab.answers('neighbour', [...site, `tcp,${host},9000`])).toEqual([site[1]]);
    expect(lab.firewall(script, ['unblock', neighbour])).toMatchObject({ code: 0, stderr: '' });
    expect(lab.firewall(script, ['block', '203.0.113.7', '--for=365d'])).toMatchObject({
      code: 0,
      stderr: '',
    });
    expect(lab.answers('neighbour', site)).toEqual(site);
  });

  it('tells of chains that somebody saved with others’ rules, for they would come back', () => {
    const script = confirmed(iptables());
    const shell = `cp -a /etc "$1/etc"; mkdir -p "$1/etc/iptables"; mount --bind "$1/etc" /etc
      "$2" verify | grep rules.v; iptables-save >/etc/iptables/rules.v4; ip6tables-save >/etc/iptables/rules.v6
      "$2" verify | grep rules.v; "$2" remove`;
    const folder = mkdtempSync(join(lab.folder, 'saved-'));
    const command = ['unshare', '--mount', 'sh', '-uc', shell, '-', folder, script];
    const { stdout, stderr } = lab.run('host', command, lab.environment());
    const both = '/etc/iptables/rules.v4 /etc/iptables/rules.v6';
    expect(stdout).toMatch(new RegExp(`^note {2}${both} hold our chains.*\nRemoved`));
    expect(stderr).toContain(
      `firewall: ${both} still hold our chains, and would load them at boot: save them again, now without ours\n`,
    );
  });

  it('selftest holds, and fails on a hole', () => {
    const script = confirmed(iptables());
    expect(lab.firewall(script, ['selftest'])).toMatchObject({ code: 0, stderr: '' });
    lab.run('host', [
      'iptables',
      '-t',
      'mangle',
      '-I',
      'CSS_WORLD',
      '-p',
      'tcp',
      '--dport',
      '9000',
      '-j',
      'RETURN',
    ]);
    expect(lab.firewall(script, ['selftest'])).toMatchObject({ code: 4 });
  });

  it('does not load beside the rules of the other kind', () => {
    const nftables = lab.script();
    confirmed(nftables);
    const refusal = lab.firewall(iptables(), ['apply']);
    expect(refusal).toMatchObject({ code: 3, stderr: expect.stringContaining('remove') });
    expect(rules()).not.toContain('CSS_');
    expect(lab.firewall(nftables, ['remove']).code).toBe(0);
    confirmed(iptables());
    expect(lab.firewall(nftables, ['apply'])).toMatchObject({ code: 3 });
  });
});
