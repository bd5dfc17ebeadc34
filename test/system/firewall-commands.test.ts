import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ADDRESS, emergency, end, Lab, missingForLab, until } from './firewall/lab.ts';

const { host, host6, neighbour, neighbour6 } = ADDRESS;

describe.skipIf(missingForLab().length > 0)('commands for the day after', () => {
  const lab = new Lab();
  beforeAll(() => lab.start());
  afterAll(() => lab.stop());
  afterEach(() => {
    lab.reset();
    lab.run('host', ['nft', '-f', '-'], {}, 'table inet css_fw_block; delete table inet css_fw_block\n');
  });

  const confirmed = (policy: Parameters<Lab['script']>[0] = {}) => {
    const script = lab.script(policy);
    expect(lab.firewall(script, ['apply'])).toMatchObject({ code: 0, stderr: '' });
    expect(lab.firewall(script, ['confirm'])).toMatchObject({ code: 0, stderr: '' });
    return script;
  };
  const site = (address: string) => [`tcp,${address},443`];

  describe('block', () => {
    it('cuts an address off at once, running connections and containers’ answers too; unblock lets it in again', async () => {
      const script = confirmed();
      const open = await lab.connect('neighbour', host, 443);
      expect(await open.alive()).toBe(true);
      expect(lab.firewall(script, ['block', neighbour])).toMatchObject({ code: 0, stderr: '' });
      expect(await open.alive()).toBe(false);
      expect(lab.answers('neighbour', site(host))).toEqual([]);
      expect(lab.answers('stranger', site(host))).toEqual(site(host));
      await lab.listen('neighbour', ['tcp:7001']);
      expect(lab.answers('container', [`tcp,${neighbour},7001`])).toEqual([]);
      expect(lab.answers('host', [`tcp,${neighbour},7001`])).toEqual([]);
      expect(lab.firewall(script, ['blocks']).stdout).toBe(`blocked    ${neighbour}\n`);
      expect(lab.firewall(script, ['unblock', neighbour])).toMatchObject({ code: 0, stderr: '' });
      expect(lab.answers('neighbour', site(host))).toEqual(site(host));
      expect(lab.firewall(script, ['unblock', neighbour])).toMatchObject({ code: 3 });
    });

    it('takes ranges of either family, and ends by itself when told for how long', async () => {
      const script = confirmed();
      expect(lab.firewall(script, ['block', '2001:db8:1::3/128', '--for', '10s'])).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('until'),
      });
      expect(lab.firewall(script, ['block', '198.51.100.3/32', '--for=1h'])).toMatchObject({ code: 0 });
      expect(lab.answers('neighbour', [...site(host), ...site(host6)])).toEqual([]);
      expect(await until(() => lab.answers('neighbour', site(host6)).length === 1, 30)).toBe(true);
      expect(lab.answers('neighbour', site(host))).toEqual([]);
      expect(lab.firewall(script, ['blocks']).stdout).toMatch(/^blocked {4}198.51.100.3\/32 until .*\n$/);
    });

    it('unblocks what is blocked only, not an address whose end is the same', () => {
      const script = confirmed();
      lab.firewall(script, ['block', '11.2.3.4']);
      lab.firewall(script, ['block', '11.2.3.5', '--for=1h']);
      for (const address of ['1.2.3.4', '1.2.3.5'])
        expect(lab.firewall(script, ['unblock', address])).toMatchObject({
          code: 3,
          stderr: expect.stringContaining('is not blocked'),
        });
      expect(lab.firewall(script, ['unblock', '11.2.3.5'])).toMatchObject({ code: 0 });
      expect(lab.firewall(script, ['unblock', '11.2.3.4'])).toMatchObject({ code: 0 });
      expect(lab.firewall(script, ['blocks']).stdout).toBe('');
    });

    it('knows a range however it is spelt', () => {
      const script = confirmed();
      const pairs = [
        ['203.0.113.7/32', '203.0.113.7'],
        ['203.0.113.9/24', '203.0.113.0/24'],
        ['2001:DB8:5::1', '2001:db8:5:0::1/128'],
      ] as const;
      for (const [one, other] of pairs) {
        for (const address of [one, other, one]) lab.firewall(script, ['block', address]);
        expect(lab.firewall(script, ['blocks']).stdout).toBe(`blocked    ${one}\n`);
        expect(lab.firewall(script, ['unblock', other])).toMatchObject({ code: 0, stderr: '' });
      }
      expect(lab.firewall(script, ['blocks'])).toMatchObject({ code: 0, stdout: '' });
    });

    it('takes no longer time than the kernel can hold', () => {
      expect(lab.firewall(lab.script(), ['block', '203.0.113.7', '--for', '366d'])).toEqual({
        code: 2,
        stdout: '',
        stderr: 'firewall: --for takes 90s, 15m, 1h or 7d, a year at most, not: 366d\n',
      });
    });

    it('outlives apply, rollback and a flush by somebody else', () => {
      const script = confirmed();
      lab.firewall(script, ['block', neighbour]);
      confirmed({ publicTcp: [443] });
      expect(lab.answers('neighbour', site(host))).toEqual([]);
      lab.run('host', ['nft', 'delete', 'table', 'inet', 'css_fw_block']);
      expect(lab.answers('neighbour', site(host))).toEqual(site(host));
      expect(lab.firewall(script, ['verify']).stdout).toContain('no longer blocked');
      expect(lab.firewall(script, ['rollback'])).toMatchObject({ code: 0, stderr: '' });
      expect(lab.answers('neighbour', site(host))).toEqual([]);
    });

    /** How many packets of a sender a rule of our own sees in a namespace, at this priority. */
    const seen = (space: 'host' | 'neighbour', sender: string, priority: number, send: () => void) => {
      const count =
        `table ip seen { counter c { }; chain in { type filter hook prerouting priority ${priority}; ip saddr ` +
        `${sender} counter name c; }; }`;
      lab.run(space, ['nft', '-f', '-'], {}, count);
      send();
      const { stdout } = lab.run(space, ['nft', 'list', 'counter', 'ip', 'seen', 'c']);
      lab.run(space, ['nft', 'delete', 'table', 'ip', 'seen']);
      return Number(/packets (\d+)/.exec(stdout)![1]);
    };
    const RAW = -300;
    const BEFORE_CONNTRACK = -250;
    const reaching = (send: () => void) => seen('neighbour', host, RAW, send);

    it('lets no packet out to it, the host’s own and the containers’ alike, and none in to connection tracking', () => {
      const script = confirmed();
      const send = (from: 'host' | 'container') => () => lab.probe(from, [`udp,${neighbour},7002`]);
      for (const from of ['host', 'container'] as const) expect(reaching(send(from))).toBeGreaterThan(0);
      lab.firewall(script, ['block', neighbour]);
      for (const from of ['host', 'container'] as const) expect(reaching(send(from)), from).toBe(0);
      const dial = () => lab.probe('neighbour', [`tcp,${host},9000`, `udp,${host},9001`]);
      expect(seen('host', neighbour, BEFORE_CONNTRACK, dial)).toBe(0);
      lab.firewall(script, ['unblock', neighbour]);
      expect(seen('host', neighbour, BEFORE_CONNTRACK, dial)).toBeGreaterThan(0);
    });

    it('comes back at boot', () => {
      const script = confirmed();
      lab.firewall(script, ['block', neighbour]);
      lab.run('host', ['nft', 'flush', 'ruleset']);
      expect(lab.firewall(script, ['boot'])).toMatchObject({ code: 0, stderr: '' });
      expect(lab.answers('neighbour', site(host))).toEqual([]);
      expect(lab.answers('stranger', site(host))).toEqual(site(host));
    });

    it('says when something that it blocked is not blocked any more', () => {
      const script = confirmed();
      lab.firewall(script, ['block', neighbour, '--for=1h']);
      lab.firewall(script, ['block', '2001:db8:9::/64']);
      expect(lab.firewall(script, ['status'])).toMatchObject({ code: 0 });
      lab.run('host', ['nft', 'flush chain inet css_fw_block output']);
      const told = { code: 4, stdout: expect.stringMatching(/^blocked {4}not in force/m) };
      expect(lab.firewall(script, ['status'])).toMatchObject(told);
      expect(lab.firewall(script, ['verify']).stdout).toContain('no longer blocked');
      lab.firewall(script, ['rollback']);
      expect(lab.firewall(script, ['blocks'])).toMatchObject({ code: 0 });
      lab.run('host', ['nft', 'delete table inet css_fw_block']);
      expect(lab.firewall(script, ['blocks'])).toMatchObject(told);
    });

    it('refuses what would cut the host itself off', () => {
      const script = lab.script();
      // Its resolver is of its own: /etc/resolv.conf of a mount namespace.
      const shell =
        'echo nameserver 203.0.113.53 >"$1/r"; mount --bind "$1/r" /etc/resolv.conf; "$2" block "$3"';
      const block = (address: string) =>
        lab.run(
          'host',
          ['unshare', '--mount', 'sh', '-uc', shell, '-', lab.folder, script, address],
          lab.environment(),
        );
      for (const [address, why] of [
        [host, 'an address of this host'],
        ['198.51.100.0/30', 'an address of this host'],
        [host6, 'an address of this host'],
        ['fe80::/64', 'an address of this host'],
        ['198.51.100.2', 'its gateway'],
        ['2001:db8:1::2', 'its gateway'],
        ['203.0.113.0/24', 'its resolver'],
        ['127.0.0.1', 'way to itself'],
        ['127.5.0.0/16', 'way to itself'],
        ['::1', 'an address of this host'],
      ] as const)
        expect(block(address), address).toMatchObject({ code: 3, stderr: expect.stringContaining(why) });
      expect(lab.run('host', ['nft', 'list', 'table', 'inet', 'css_fw_block']).code).toBe(1);
    });

    it('never comes between the host and itself, whatever is in its file', () => {
      const script = confirmed();
      lab.firewall(script, ['block', '11.2.3.4']);
      writeFileSync(join(lab.state, 'blocked'), `127.0.0.1 0\n${host} 0\n::1 0\n`);
      lab.firewall(script, ['rollback']);
      const own = ['tcp,127.0.0.1,9000', `tcp,${host},9000`, 'tcp,::1,9000'];
      expect(lab.answers('host', own)).toEqual(own);
    });

    it('ends, with all rules, by the lines that the firewall’s page gives for an emergency', () => {
      const script = confirmed();
      lab.firewall(script, ['block', neighbour]);
      expect(lab.answers('neighbour', [...site(host), `tcp,${host},9000`])).toEqual([]);
      lab.run('host', ['sh', '-euc', emergency('nftables')]);
      expect(lab.answers('neighbour', [...site(host), `tcp,${host},9000`])).toHaveLength(2);
    });

    it('refuses what would shut out this session or half the internet, and what is no address', () => {
      const script = lab.script();
      const session = { SSH_CONNECTION: `${neighbour} 40000 ${host} 22` };
      const refused = (code: number, args: string[], env = {}) =>
        expect(lab.firewall(script, ['block', ...args], env), args.join(' ')).toMatchObject({
          code,
          stdout: '',
        });
      refused(3, [neighbour], session);
      refused(3, ['198.51.100.0/24'], session);
      refused(3, [neighbour6], { SSH_CONNECTION: `${neighbour6} 40000 ${host6} 22` });
      refused(3, ['0.0.0.0/0']);
      refused(3, ['::/8']);
      for (const args of [
        [],
        ['x'],
        ['10.0.0.1 }; accept'],
        ['$(id)'],
        ['10.0.0.1', '--for'],
        ['10.0.0.1', '--for=0h'],
      ])
        refused(2, args);
      refused(2, ['10.0.0.1', '10.0.0.2']);
      expect(lab.run('host', ['nft', 'list', 'table', 'inet', 'css_fw_block']).code).toBe(1);
    });
  });

  describe('selftest', () => {
    it('passes on the real rules, and leaves nothing behind', () => {
      const script = confirmed({ openings: [{ port: 5432, protocol: 'tcp', from: [neighbour] }] });
      const before = lab.run('host', ['ip', '-o', 'link']).stdout;
      const result = lab.firewall(script, ['selftest']);
      expect(result).toMatchObject({ code: 0, stderr: '' });
      expect(result.stdout).toContain('The rules hold.');
      expect(lab.run('host', ['ip', '-o', 'link']).stdout).toBe(before);
      expect(lab.run('host', ['ip', 'netns']).stdout).not.toMatch(/css-(stranger|captive)/);
    });

    it.each([
      [
        'a port was opened',
        'insert rule inet css_fw from_world tcp dport 9000 accept',
        /stranger gets through.*9000/,
      ],
      [
        'a public port was closed',
        'insert rule inet css_fw from_world tcp dport 443 drop',
        /does not get through to port 443/,
      ],
      [
        'containers may use the host',
        'insert rule inet css_fw containers_to_host accept',
        /container gets through.*port 22$/m,
      ],
      [
        'metadata was opened',
        'insert rule inet css_fw from_containers ip daddr 169.254.169.254 accept',
        /cloud metadata/,
      ],
      [
        'UDP ports were opened, to a service and to none',
        'insert rule inet css_fw from_world udp dport { 161, 9001 } accept',
        /stranger gets through.*161\/udp\n[\s\S]*9001\/udp\n/,
      ],
      [
        'a container’s own address was opened',
        `insert rule inet css_fw from_world ip daddr ${ADDRESS.container} accept`,
        /stranger gets through to 172\.31\.0\.2/,
      ],
      [
        'metadata was opened over IPv6',
        'insert rule inet css_fw from_containers ip6 daddr fd00:ec2::254 accept',
        /cloud metadata \(fd00:ec2::254\)/,
      ],
      [
        'a rule was added that it does not try',
        'insert rule inet css_fw from_world ip saddr 203.0.113.9 accept',
        /^FAIL {2}the rules in the kernel are not those/,
      ],
    ])('fails when %s behind its back', (_, poke, finding) => {
      const script = confirmed();
      expect(lab.run('host', ['nft', poke]).code).toBe(0);
      const { code, stdout } = lab.firewall(script, ['selftest']);
      expect(code).toBe(4);
      expect(stdout).toMatch(finding);
    });

    it('says so when there is nothing to test', () => {
      expect(lab.firewall(lab.script(), ['selftest'])).toMatchObject({ code: 4, stdout: '' });
    });
  });

  describe('install', () => {
    /**
     * Runs a shell script where `$fw` is the firewall script, /etc/systemd is empty, and systemctl only writes down what
     * it is asked, but links what it enables.
     */
    const onSystemd = (script: string, commands: string) => {
      const bin = mkdtempSync(join(lab.folder, 'bin-'));
      const log = join(bin, 'log');
      const body = [
        '#!/bin/sh',
        `echo "$*" >>'${log}'`,
        'case $1 in',
        '  enable) mkdir -p /etc/systemd/system/docker.service.requires; ln -s "../$3" /etc/systemd/system/docker.service.requires/ ;;',
        `  start) : >'${bin}/active' ;;`,
        `  is-active) [ -e '${bin}/active' ] ;;`,
        '  is-enabled) [ "$2" = css-firewall.service ] && echo enabled ;;',
        'esac',
      ];
      writeFileSync(join(bin, 'systemctl'), `${body.join('\n')}\n`, { mode: 0o755 });
      writeFileSync(log, '');
      const shell = `mount -t tmpfs none /etc/systemd; mkdir /etc/systemd/system; fw=$1; ${commands}`;
      const env = lab.environment({ PATH: `${bin}:${process.env['PATH']}` });
      const result = lab.run('host', ['unshare', '--mount', 'sh', '-uc', shell, '-', script], env);
      return { ...result, calls: readFileSync(log, 'utf8').trim().split('\n') };
    };

    it('writes a unit that loads the confirmed rules before network and Docker, and enables it', () => {
      const result = onSystemd(
        confirmed(),
        '"$fw" install || exit; cat /etc/systemd/system/css-firewall.service; cp /etc/systemd/system/css-firewall.service "$CSS_FIREWALL_STATE"',
      );
      expect(result).toMatchObject({ code: 0, stderr: '' });
      expect(result.calls).toEqual([
        'daemon-reload',
        'enable --quiet css-firewall.service',
        'start css-firewall.service',
      ]);
      for (const line of [
        /^Before=.*\bnetwork-pre.target docker.service\b/m,
        /^After=.*\bnftables.service\b/m,
        /^PartOf=nftables.service$/m,
        /^ReloadPropagatedFrom=nftables.service$/m,
        /^RequiredBy=docker.service$/m,
      ])
        expect(result.stdout).toMatch(line);
      // Its own judge; other units' faults are not ours.
      const unit = join(lab.state, 'css-firewall.service');
      const { stderr } = lab.run('host', ['systemd-analyze', 'verify', '--man=no', unit]);
      expect(stderr.split('\n').filter((line) => line.includes('css-firewall'))).toEqual([]);
      // What it starts and reloads brings the rules back, without the stack's folder.
      const start = /^ExecStart=(.*)$/m.exec(result.stdout)![1]!;
      expect(/^ExecReload=(.*)$/m.exec(result.stdout)![1]).toBe(start);
      const before = lab.table();
      lab.run('host', ['nft', 'delete', 'table', 'inet', 'css_fw']);
      expect(lab.run('host', start.split(' '), lab.environment())).toMatchObject({ code: 0, stderr: '' });
      expect(lab.table()).toBe(before);
    });

    it('fails closed: without confirmed rules the unit fails, so Docker does not start', () => {
      const script = lab.script();
      expect(lab.firewall(script, ['boot'])).toMatchObject({ code: 1 });
    });

    it('takes confirmed rules only, and needs systemd', () => {
      const script = lab.script();
      const unconfirmed = onSystemd(script, '"$fw" apply >&2 && "$fw" install');
      expect(unconfirmed).toMatchObject({ code: 3, stderr: expect.stringContaining('confirmed rules only') });
      const none = onSystemd(confirmed(), 'rmdir /etc/systemd/system; "$fw" install');
      expect(none).toMatchObject({ code: 3, stderr: expect.stringContaining('boot') });
    });

    it('verify is content after it, not before, and not when somebody edits the unit; remove takes it away', () => {
      const unit = '/etc/systemd/system/css-firewall.service';
      const result = onSystemd(
        confirmed(),
        `"$fw" verify; echo "code $?"; "$fw" install; "$fw" verify; echo "code $?"; rm "\${PATH%%:*}/active"; "$fw" verify; echo "code $?"; echo >>${unit}; "$fw" verify; echo "code $?"; "$fw" remove; ls /etc/systemd/system`,
      );
      const [before, after, idle, edited, removed] = result.stdout.split(/^code /m);
      expect(before).toMatch(/^FAIL .*do not come back after a reboot/m);
      expect(after).toMatch(/^4\n/);
      expect(after).toMatch(/^ok .*come back at boot/m);
      expect(after).not.toMatch(/^FAIL/m);
      expect(idle).toMatch(/^0\n/);
      expect(idle).toMatch(/^FAIL .*not active/m);
      expect(edited).toMatch(/^4\n/);
      expect(edited).toMatch(/^FAIL .*edited/m);
      expect(removed).not.toContain('css-firewall.service\n');
      expect(result.calls).toContain('disable --quiet css-firewall.service');
      expect(lab.table()).toBe('');
    });
  });

  describe('verify', () => {
    /** Programs of other firewalls and engines, as far as they answer questions. */
    const withPrograms = (bodies: Record<string, string>) => {
      const folder = mkdtempSync(join(lab.folder, 'bin-'));
      for (const [name, body] of Object.entries(bodies))
        writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
      return { PATH: `${folder}:${process.env['PATH']}` };
    };

    it('says which ports firewalld still closes', () => {
      const script = confirmed();
      const firewalld = 'case $* in --state) echo running ;; *443/tcp*) exit 0 ;; *) exit 1 ;; esac';
      const { stdout } = lab.firewall(script, ['verify'], withPrograms({ 'firewall-cmd': firewalld }));
      expect(stdout).toMatch(/^note {2}firewalld .*: 22\/tcp 80\/tcp 443\/udp /m);
    });

    it('finds a Docker API that listens on the network, an old engine, and forwarding that nobody switched on', async () => {
      const script = confirmed();
      const docker = 'case $1 in version) echo 29.0.0 ;; info) echo nftables ;; esac';
      const daemon = await lab.listen('host', ['tcp:2375'], 'dockerd');
      const forwarding = (value: 0 | 1) =>
        lab.run('host', ['sh', '-c', `echo ${value} >/proc/sys/net/ipv4/ip_forward`]);
      forwarding(0);
      const { code, stdout } = lab.firewall(script, ['verify'], withPrograms({ docker }));
      forwarding(1);
      await end(daemon);
      expect(code).toBe(4);
      expect(stdout).toMatch(/^FAIL {2}the Docker API listens on .*:2375/m);
      expect(stdout).toMatch(/^FAIL {2}IP forwarding is off/m);
      const old = withPrograms({ docker: 'case $1 in version) echo 27.1.0 ;; *) exit 1 ;; esac' });
      expect(lab.firewall(script, ['verify'], old).stdout).toMatch(/^note .*CVE-2025-54388/m);
    });

    it('names what works past it: host network, Podman, rootless engines', async () => {
      const script = confirmed();
      const docker = 'case $* in *network=host*) echo probe ;; *) exit 1 ;; esac';
      const programs = withPrograms({ docker, podman: 'exit 0', pgrep: 'echo 1' });
      const { stdout } = lab.firewall(script, ['verify'], programs);
      expect(stdout).toMatch(/^note {2}containers with the host's network \(probe\)/m);
      expect(stdout).toMatch(/^note {2}Podman is here/m);
      expect(stdout).toMatch(/^note {2}rootless engine/m);
    });

    it('names macvlan interfaces, whose packets pass no firewall', () => {
      const script = confirmed();
      lab.run('host', ['ip', 'link', 'add', 'mv0', 'link', 'eth0', 'type', 'macvlan']);
      const { stdout } = lab.firewall(script, ['verify']);
      lab.run('host', ['ip', 'link', 'del', 'mv0']);
      expect(stdout).toMatch(/^note {2}macvlan or ipvlan \(mv0/m);
    });

    it('names bridges of other programs and what a swarm misses, and so does apply', async () => {
      const openings = [
        { port: 4789, protocol: 'udp' as const, from: ['198.51.100.3'] },
        { port: 7946, protocol: 'tcp' as const, from: ['198.51.100.3'] },
      ];
      const script = lab.script({ openings, trustedInterfaces: ['lxdbr0'] });
      const daemon = await lab.listen('host', ['tcp:2377', 'tcp:7946'], 'dockerd');
      const bridges = ['virbr0', 'lxdbr0'];
      for (const name of bridges) lab.run('host', ['ip', 'link', 'add', name, 'type', 'bridge']);
      const applied = lab.firewall(script, ['apply']);
      const { stdout } = lab.firewall(script, ['verify']);
      for (const name of bridges) lab.run('host', ['ip', 'link', 'del', name]);
      await end(daemon);
      const told = (by: string) =>
        new RegExp(
          `^${by}bridges of other programs \\(virbr0\\):.*\n${by}a swarm: .* 2377/tcp 7946/udp\\.`,
          'm',
        );
      expect(applied.code).toBe(0);
      expect(applied.stderr).toMatch(told('firewall: '));
      expect(stdout).toMatch(told('note {2}'));
    });

    it('names addresses that packets cannot arrive at by their own interface', () => {
      const script = confirmed();
      expect(lab.firewall(script, ['verify']).stdout).not.toContain('dummy');
      lab.run('host', ['ip', 'addr', 'add', '203.0.113.9/32', 'dev', 'lo']);
      const { stdout } = lab.firewall(script, ['verify']);
      const closed = lab.answers('stranger', ['tcp,203.0.113.9,443']);
      lab.run('host', ['ip', 'addr', 'del', '203.0.113.9/32', 'dev', 'lo']);
      expect(stdout).toMatch(/^note {2}addresses on lo or a dummy interface \(203\.0\.113\.9\/32\)/m);
      expect(closed).toEqual([]);
    });

    it('fails when the rules are gone, altered or unconfirmed', () => {
      const script = lab.script();
      expect(lab.firewall(script, ['verify']).stdout).toMatch(/^FAIL {2}no rules are loaded/m);
      lab.firewall(script, ['apply']);
      expect(lab.firewall(script, ['verify']).stdout).toMatch(/^FAIL {2}the rules are not confirmed/m);
      lab.firewall(script, ['confirm']);
      lab.run('host', ['nft', 'insert rule inet css_fw from_world accept']);
      const { code, stdout } = lab.firewall(script, ['verify']);
      expect(code).toBe(4);
      expect(stdout).toMatch(/^FAIL {2}the rules in the kernel are not those of this script/m);
      expect(lab.answers('stranger', [`tcp,${host},9000`])).toHaveLength(1);
    });
  });
});
