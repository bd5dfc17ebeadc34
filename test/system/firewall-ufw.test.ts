import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { FirewallPolicy } from '../../src/stack/model.ts';
import { ADDRESS, Lab, missingForLab, until } from './firewall/lab.ts';
import { fullPolicy, furnish, listPolicy, Observer } from './firewall/observe.ts';
import { Ufw } from './firewall/ufw.ts';

const { host, host6, neighbour, neighbour6 } = ADDRESS;
const MARK = " comment 'secure-stack firewall'";

describe.skipIf(missingForLab(['ufw', 'iptables', 'ip6tables']).length > 0)(
  'beside an administrator’s ufw',
  () => {
    const lab = new Lab();
    const ufw = new Ufw(lab);
    beforeAll(async () => {
      await lab.start();
      await furnish(lab);
    });
    afterAll(() => lab.stop());
    afterEach(() => {
      ufw.off();
      const clean =
        'for t in iptables ip6tables; do $t -F; $t -P FORWARD ACCEPT; $t -t mangle -F; $t -t mangle -X; done';
      lab.run('host', ['sh', '-c', clean]);
      lab.reset();
    });

    const ours = (policy: Partial<FirewallPolicy> = {}, edit?: (text: string) => string) =>
      lab.script({ ...policy, backend: 'ufw' }, edit);
    const done = (script: string, ...commands: string[]) => {
      for (const command of commands)
        expect(ufw.firewall(script, command.split(' '))).toMatchObject({ code: 0, stderr: '' });
      return script;
    };
    const chains = () => lab.run('host', ['iptables', '-t', 'mangle', '-S']).stdout;
    /** Programs that stand before the real ones of their names. */
    const programs = (bodies: Record<string, string>) => {
      const folder = mkdtempSync(join(lab.folder, 'bin-'));
      for (const [name, body] of Object.entries(bodies))
        writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
      return { PATH: `${folder}:${process.env['PATH']}` };
    };

    /** As Docker's own rules do, ahead of ufw's. */
    const forwardContainers = () => {
      const bridges = ['css-lab', 'docker0', 'docker_gwbridge', 'br-shop', 'podman0', 'cni-podman0'];
      const accept = bridges
        .flatMap((name) => [`-i ${name}`, `-o ${name}`])
        .map((match) => `-I FORWARD ${match} -j ACCEPT`);
      const rules = ['*filter', ...accept, 'COMMIT', ''].join('\n');
      for (const restore of ['iptables-restore', 'ip6tables-restore'])
        expect(lab.run('host', [restore, '--noflush'], {}, rules)).toMatchObject({ code: 0 });
    };

    it('everything that the rules let in reaches the host through a ufw that denies by default, and nothing else', async () => {
      const observer = new Observer(lab);
      const policy = { ...fullPolicy, ...listPolicy };
      const nftables = lab.script(policy);
      const alone = await observer.look({
        load: () => void done(nftables, 'apply', 'confirm'),
        unload: () => undefined,
        counters: () => {
          const lines = ufw.firewall(nftables, ['status']).stdout.matchAll(/^(\w+) +(\d+) packets/gm);
          return Object.fromEntries([...lines].map(([, name, packets]) => [name!, Number(packets)]));
        },
      });
      done(nftables, 'remove');

      const env = programs({ podman: 'exit 1' });
      const script = ours(policy);
      const beside = await observer.look({
        load: () => {
          ufw.on();
          forwardContainers();
          for (const command of ['apply', 'confirm'])
            expect(ufw.firewall(script, [command], env)).toMatchObject({ code: 0, stderr: '' });
        },
        unload: () => undefined,
        counters: () => {
          const list = 'iptables -t mangle -nvxL; ip6tables -t mangle -nvxL';
          const lines = lab.run('host', ['sh', '-c', list]).stdout.matchAll(/^ *(\d+) .*\/\* (\w+) \*\//gm);
          const counts: Record<string, number> = {};
          for (const [, packets, name] of lines) counts[name!] = (counts[name!] ?? 0) + Number(packets);
          return counts;
        },
      });
      // ufw takes no errors about connections that nobody has, nor reports of listeners from elsewhere than the link.
      for (const type of ['icmp6_1', 'icmp6_2', 'icmp6_3', 'icmp6_4'])
        for (const name of [`eth0_${type}`, `css_lab_${type}`]) alone[`arrived: ${name}`] = 0;
      for (const name of [
        'icmp4_3',
        'icmp4_11',
        'icmp4_12',
        'css_lab_icmp6_131',
        'css_lab_icmp6_132',
        'css_lab_icmp6_143',
      ])
        alone[`arrived: ${name}`] = 0;
      expect(beside).toEqual(alone);
      expect(ufw.firewall(script, ['status'], env)).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/^ufw {8}closes nothing of this$/m),
      });
    });

    it('adds what is missing, once, and takes exactly that away: what the administrator wrote stays byte for byte', async () => {
      ufw.on([
        'limit 22/tcp',
        "allow 80,443/tcp comment 'the site'",
        'deny from 203.0.113.9',
        'route allow in on eth0',
      ]);
      const [before, theirs] = [ufw.files(), ufw.added()];
      const script = ours({
        openings: [{ port: 9000, protocol: 'tcp', from: ['198.51.100.3/24', '2001:DB8:1:0::3'] }],
      });

      const plan = ufw.firewall(script, ['plan']);
      expect(plan).toMatchObject({ code: 4, stderr: '' });
      expect(plan.stdout.split('\n').filter((line) => line.startsWith('+allow'))).toEqual([
        '+allow from 198.51.100.0/24 to any port 9000 proto tcp',
        '+allow from 2001:db8:1:0:0:0:0:3 to any port 9000 proto tcp',
        '+allow from 0.0.0.0/0 to any port 443 proto udp',
        '+allow from ::/0 to any port 443 proto udp',
      ]);
      expect(ufw.files()).toBe(before);

      done(script, 'apply');
      const after = ufw.files();
      expect(ufw.added().sort()).toEqual(
        [
          ...theirs,
          `ufw allow 443/udp${MARK}`,
          `ufw allow from 198.51.100.0/24 to any port 9000 proto tcp${MARK}`,
          `ufw allow from 2001:db8:1::3 to any port 9000 proto tcp${MARK}`,
        ].sort(),
      );
      expect(lab.answers('neighbour', [`tcp,${host},9000`, `tcp,${host6},9000`])).toHaveLength(2);
      done(script, 'rollback');
      expect(ufw.files()).toBe(before);

      done(script, 'apply', 'confirm', 'plan', 'apply');
      expect(ufw.files()).toBe(after);
      // Another policy that nobody confirms
      const other = ours({ publicUdp: [8443] });
      done(other, 'apply --timeout=30');
      expect(ufw.added()).toContain(`ufw allow 8443/udp${MARK}`);
      expect(ufw.files()).toContain('9000');
      expect(await until(() => ufw.files() === after && !existsSync(join(lab.state, 'pending')), 120)).toBe(
        true,
      );
      done(script, 'status');
      // What is no longer wanted goes once it is confirmed.
      done(other, 'apply', 'confirm', 'status');
      expect(ufw.files()).not.toContain('9000');
      done(other, 'remove');
      expect(ufw.files()).toBe(before);
    });

    it('a rule of the administrator’s about the same port stays, and is named where it closes', () => {
      ufw.on([
        'deny 443/tcp',
        'limit 22/tcp',
        'allow from 0.0.0.0/0 to any port 80 proto tcp',
        'reject in on eth0 from any port 5',
      ]);
      const theirs = ufw.added();
      const script = done(ours({ publicUdp: [] }), 'apply', 'confirm');
      expect(ufw.added().sort()).toEqual([...theirs, `ufw allow 80/tcp${MARK}`].sort());
      const closed =
        'for programs of the host, not for published ports: 443/tcp from 0.0.0.0/0, 443/tcp from ::/0';
      expect(ufw.firewall(script, ['status'])).toMatchObject({
        code: 0,
        stdout: expect.stringContaining(closed),
      });
      expect(ufw.firewall(script, ['verify']).stdout).toContain(`note  ufw closes ${closed}`);
      expect(lab.answers('stranger', [`tcp,${host},443`, `tcp,${host6},80`])).toEqual([`tcp,${host6},80`]);
      // One who allows by hand what the script had allowed owns the rule, and nothing has to change.
      ufw.shell('ufw allow 80/tcp; ufw delete deny 443/tcp; ufw allow 443/tcp');
      expect(ufw.added().join()).not.toContain(MARK);
      done(script, 'plan', 'status', 'remove');
      expect(ufw.added()).toContain('ufw allow 80/tcp');
    });

    it('while ufw is off, or not there, it is left alone; once it is on, rollback or apply bring it into step', () => {
      ufw.on(['deny 5/tcp']);
      ufw.shell('ufw disable');
      const before = ufw.files();
      const script = done(ours(), 'apply', 'confirm', 'status', 'plan');
      expect(ufw.firewall(script, ['verify']).stdout).toMatch(/^note {2}ufw is off/m);
      expect(ufw.files()).toBe(before);
      ufw.shell('ufw --force enable');
      const { code, stdout } = ufw.firewall(script, ['status']);
      expect(code).toBe(4);
      expect(stdout).toMatch(
        /^as written no .*\n[\s\S]*^ufw .*closes.* 22\/tcp from 0\.0\.0\.0\/0, 22\/tcp from ::\/0, 80\/tcp/m,
      );
      done(script, 'rollback', 'status', 'plan');
      const added = ufw.added();
      expect(added).toHaveLength(5);
      // Who switches it off for a moment gets it back as it was.
      ufw.shell('ufw disable');
      done(script, 'rollback', 'status');
      expect(ufw.added()).toEqual(added);
      done(script, 'remove');
      expect(ufw.files()).toBe(before);

      // Not there, but its rules and chains are, those that are ours too.
      ufw.shell('ufw --force enable');
      done(script, 'apply', 'confirm');
      const left = ufw.files();
      const other = ours({ publicTcp: [8443] });
      const hide =
        'mkdir -p $0; mount --bind /usr/sbin $0; mount -t tmpfs none /usr/sbin; ln -s $0/* /usr/sbin; rm /usr/sbin/ufw; exec "$@"';
      const masked = ['sh', '-euc', hide, join(lab.folder, 'sbin'), other];
      for (const command of ['apply', 'confirm', 'status', 'remove'])
        expect(lab.run('host', ufw.around([...masked, command]), lab.environment()), command).toMatchObject({
          code: 0,
          stderr: '',
        });
      expect(ufw.files()).toBe(left);
    });

    it('where ufw does no IPv6, it is told none, and status says what that closes', () => {
      ufw.on();
      ufw.set('IPV6', 'no');
      ufw.shell('ufw disable; ufw --force enable');
      const script = done(ours({ publicTcp: [443], publicUdp: [] }), 'apply', 'confirm', 'plan');
      expect(ufw.added()).toEqual([`ufw allow 22/tcp${MARK}`, `ufw allow 443/tcp${MARK}`]);
      expect(ufw.firewall(script, ['status'])).toMatchObject({
        code: 0,
        stdout: expect.stringContaining(
          'closes for programs of the host, not for published ports: 22/tcp from ::/0, 443/tcp from ::/0\n',
        ),
      });
      expect(lab.answers('stranger', [`tcp,${host},443`, `tcp,${host6},443`])).toEqual([`tcp,${host},443`]);
      done(script, 'remove');
      expect(ufw.added()).toEqual(['(None)']);
    });

    it('values that are none change nothing', () => {
      ufw.on();
      const before = ufw.files();
      const opening = { openings: [{ port: 9000, protocol: 'tcp' as const, from: [neighbour] }] };
      const hostile: [Partial<FirewallPolicy>, string, string][] = [
        [opening, `tcp 9000 ${neighbour}`, `tcp 9000 ${neighbour} app WWW`],
        [opening, `tcp 9000 ${neighbour}`, 'tcp 9000 any'],
        [{ sshFrom: [neighbour] }, `SSH_FROM=(${neighbour})`, 'SSH_FROM=("0.0.0.0/0 comment x")'],
        [{ trustedInterfaces: ['wg0'] }, '=(wg0)', '=("wg0 from any")'],
        [{}, 'SSH_PORTS=(22)', "SSH_PORTS=('22; ufw reset')"],
      ];
      for (const [policy, from, to] of hostile) {
        const script = ours(policy, (text) => {
          expect(text).toContain(from);
          return text.replace(from, to);
        });
        for (const command of ['plan', 'apply'])
          expect(ufw.firewall(script, [command]), to).toMatchObject({ code: 2 });
      }
      expect(ufw.files()).toBe(before);
      expect(chains()).not.toContain('CSS_');
    });

    it('does not take away the rule that lets this very session in', () => {
      ufw.on();
      const script = done(ours({ sshFrom: [neighbour] }), 'apply', 'confirm');
      const session = { SSH_CONNECTION: `${neighbour} 40001 ${host} 22` };
      // No wider than ours: SSH is not for everybody here.
      const own = `ufw allow from ${neighbour} to any port 22 proto tcp`;
      expect(ufw.firewall(script, ['remove'], session)).toMatchObject({
        code: 3,
        stderr: expect.stringMatching(new RegExp(`sudo ${own}\n$`)),
      });
      expect(lab.answers('neighbour', [`tcp,${host},22`])).toHaveLength(1);
      ufw.shell(own);
      expect(ufw.firewall(script, ['remove'], session)).toMatchObject({ code: 0, stderr: '' });
      expect(ufw.added()).toEqual([own]);
    });

    it('takes nothing from SSH_CONNECTION that is no address or port', () => {
      ufw.on();
      const script = done(ours(), 'apply', 'confirm');
      const proof = join(lab.folder, 'proof');
      for (const [client, server, port] of [
        [neighbour, host, `EUID[$(id>${proof})]`],
        [neighbour, host, '99999'],
        [neighbour, host, '22 more'],
        [`$(id>${proof})`, host, '22'],
        [neighbour, '--help', '22'],
      ])
        for (const command of ['apply', 'remove'])
          expect(
            ufw.firewall(script, [command], { SSH_CONNECTION: `${client} 40001 ${server} ${port}` }),
            `${client} ${server} ${port}`,
          ).toMatchObject({ code: 3, stderr: expect.stringContaining('not what sshd sets') });
      expect(existsSync(proof)).toBe(false);
      expect(ufw.firewall(script, ['status'])).toMatchObject({ code: 0 });
    });

    it('closes nothing before confirm, and tries again where ufw fails on the way back', async () => {
      ufw.on();
      const script = done(ours({ publicTcp: [], publicUdp: [] }), 'apply', 'confirm');
      const before = ufw.files();
      const calls = join(lab.folder, 'calls');
      const env = programs({
        ufw: `[ "$1" != delete ] || { echo >>${calls}; [ $(wc -l <${calls}) -gt 2 ] || exit 1; }; exec /usr/sbin/ufw "$@"`,
      });
      const moved = ours({ publicTcp: [], publicUdp: [], sshPorts: [2222] }, (text) =>
        text.replace(/^ {2}check_sshd$/m, '  true'),
      );
      expect(ufw.firewall(moved, ['apply', '--timeout=30'], env)).toMatchObject({ code: 0, stderr: '' });
      expect(ufw.added()).toEqual([`ufw allow 22/tcp${MARK}`, `ufw allow 2222/tcp${MARK}`]);
      expect(await until(() => ufw.files() === before && !existsSync(join(lab.state, 'pending')), 120)).toBe(
        true,
      );
      expect(readFileSync(calls, 'utf8').length).toBeGreaterThan(2);
      expect(lab.answers('stranger', [`tcp,${host},22`])).toHaveLength(1);
      done(script, 'status');
    });

    it('refuses while ufw is switched on without its chains, for it would do everything by half', () => {
      ufw.on();
      const script = done(ours({ sshFrom: [neighbour] }), 'apply', 'confirm');
      const before = ufw.files();
      const session = { SSH_CONNECTION: `${neighbour} 40001 ${host} 22` };
      lab.run('host', ['sh', '-c', 'for t in iptables ip6tables; do $t -F; $t -P INPUT ACCEPT; $t -X; done']);
      for (const command of ['apply', 'remove'])
        expect(ufw.firewall(script, [command], session)).toMatchObject({
          code: 3,
          stderr: expect.stringContaining('sudo ufw reload first'),
        });
      expect(ufw.firewall(script, ['rollback'])).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('sudo ufw reload first'),
      });
      expect(ufw.firewall(script, ['verify']).stdout).toMatch(
        /^FAIL {2}ufw is switched on.*sudo ufw reload$/m,
      );
      expect(ufw.files()).toBe(before);
      ufw.shell('ufw reload');
      done(script, 'status', 'remove');
      expect(ufw.added()).toEqual(['(None)']);
    });

    it('a rule of the administrator’s that denies decides, whenever it came, but for SSH', () => {
      ufw.on();
      const script = done(ours({ publicUdp: [], publicTcp: [443] }), 'apply', 'confirm');
      ufw.shell('ufw deny 443; ufw deny 22');
      expect(lab.answers('stranger', [`tcp,${host},443`])).toHaveLength(1);
      expect(ufw.firewall(script, ['verify']).stdout).toMatch(/^FAIL {2}ufw out of step: .* rollback$/m);
      expect(ufw.firewall(script, ['verify']).stdout).toContain('ok    the rules are confirmed');
      done(script, 'rollback', 'status');
      expect(ufw.added()).toEqual([`ufw allow 22/tcp${MARK}`, 'ufw deny 443', 'ufw deny 22']);
      expect(lab.answers('stranger', [`tcp,${host},443`, `tcp,${host},22`])).toEqual([`tcp,${host},22`]);
    });

    it('remove finishes without ufw, and names the rules that are left there', () => {
      ufw.on();
      const script = done(ours({ publicUdp: [], publicTcp: [] }), 'apply', 'confirm');
      const broken = programs({ ufw: 'exit 1' });
      const left = [
        'allow from 0.0.0.0/0 to any port 22 proto tcp',
        'allow from ::/0 to any port 22 proto tcp',
      ];
      expect(ufw.firewall(script, ['remove'], broken)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(`the chains are gone; these ufw rules remain: ${left.join(',')}`),
      });
      expect(chains()).not.toContain('CSS_');
      expect(existsSync(join(lab.state, 'confirmed.ufw'))).toBe(false);
      // ufw does not get at those for IPv6 now.
      ufw.set('IPV6', 'no');
      expect(ufw.firewall(script, ['remove'])).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/remain: allow from ::\/0 [^,]*IPV6=yes/s),
      });
      ufw.set('IPV6', 'yes');
      done(script, 'remove');
      expect(ufw.added()).toEqual(['(None)']);
    });

    it('another backend does not take the place of rules that nobody has confirmed yet', () => {
      ufw.on();
      done(ours(), 'apply');
      expect(ufw.firewall(lab.script(), ['apply'])).toMatchObject({
        code: 3,
        stderr: expect.stringMatching(/with ufw: .* remove/),
      });
    });

    it('a ufw that fails makes apply go back, and keeps nothing of the confirmed rules from loading', () => {
      ufw.on();
      const script = done(ours(), 'apply', 'confirm');
      const [before, files] = [chains(), ufw.files()];
      const broken = programs({ ufw: 'echo out of order >&2; exit 1' });
      const refused = ufw.firewall(ours({ publicTcp: [8080] }), ['apply'], broken);
      expect(refused).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/ufw allow .*8080.*out of order[\s\S]*confirmed last/),
      });
      expect(chains()).toBe(before);
      expect(ufw.files()).toBe(files);
      lab.run('host', ['iptables', '-t', 'mangle', '-F']);
      ufw.shell('ufw delete allow 80/tcp');
      expect(ufw.firewall(script, ['rollback'], broken)).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/out of order[\s\S]*ufw out of step: sudo .* rollback/),
      });
      expect(chains()).toBe(before);
      lab.run('host', ['iptables', '-t', 'mangle', '-F']);
      expect(ufw.firewall(script, ['boot'], broken)).toMatchObject({ code: 0 });
      expect(chains()).toBe(before);
      expect(ufw.firewall(script, ['status'])).toMatchObject({ code: 4 });
      done(script, 'rollback', 'status');
    });

    it('the nftables rules as well say what ufw closes, family by family, and where it cuts containers off', () => {
      const policy = { openings: [{ port: 5432, protocol: 'tcp' as const, from: [neighbour, neighbour6] }] };
      ufw.on([
        'allow WWW',
        'allow in on eth0 to any port 440:450 proto tcp',
        'limit from 0.0.0.0/0 to any port 22',
        'allow from 198.51.100.0/24',
      ]);
      const script = done(lab.script(policy), 'apply', 'confirm');
      const docker = programs({ docker: 'case $1 in version) echo 29.0.0 ;; info) echo nftables ;; esac' });
      const first = ufw.firewall(script, ['verify'], docker).stdout;
      expect(first).toContain(
        'not for published ports: 22/tcp from ::/0, 443/udp from 0.0.0.0/0, 443/udp from ::/0, 5432/tcp from 2001:db8:1:0:0:0:0:3\n',
      );
      // With that backend nothing of Docker's stands ahead of what ufw drops.
      const database = [`tcp,${host},5432`];
      expect(first).toMatch(/^FAIL {2}ufw cuts containers off/m);
      expect(lab.answers('neighbour', database)).toEqual([]);
      ufw.shell('ufw default allow routed');
      expect(ufw.firewall(script, ['verify'], docker).stdout).not.toContain('cuts containers off');
      expect(lab.answers('neighbour', database)).toEqual(database);
      expect(lab.answers('stranger', database)).toEqual([]);
    });

    it('satisfies shellcheck with every optional check', () => {
      const command = ['-o', 'all', '-S', 'style', ours(fullPolicy)];
      expect(spawnSync('shellcheck', command, { encoding: 'utf8' }).stdout).toBe('');
    });
  },
);
