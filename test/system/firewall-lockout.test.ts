import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ADDRESS, end, Lab, missingForLab } from './firewall/lab.ts';

/** As sshd sets it: client's address and port, server's address and port. */
const session = (client: string, port = 22) => ({
  SSH_CONNECTION: `${client} 40000 ${client.includes(':') ? ADDRESS.host6 : ADDRESS.host} ${port}`,
});

describe.skipIf(missingForLab().length > 0)('apply locks nobody out', () => {
  const lab = new Lab();
  beforeAll(() => lab.start());
  afterAll(() => lab.stop());
  afterEach(() => lab.reset());

  const refuses = (script: string, env: NodeJS.ProcessEnv, ...words: string[]) => {
    const result = lab.firewall(script, ['apply'], env);
    expect(result).toMatchObject({ code: 3, stdout: '' });
    for (const word of words) expect(result.stderr).toContain(word);
    expect(lab.table()).toBe('');
  };
  const accepts = (script: string, env: NodeJS.ProcessEnv = {}) => {
    expect(lab.firewall(script, ['apply'], env)).toMatchObject({ code: 0, stderr: '' });
    lab.reset();
  };

  it('refuses when the session came by a port that would close', () => {
    refuses(lab.script(), session(ADDRESS.neighbour, 2222), 'this very session', '2222', 'firewall.sshPorts');
    accepts(lab.script({ sshPorts: [22, 2222] }), session(ADDRESS.neighbour, 2222));
    accepts(lab.script({ publicTcp: [2222] }), session(ADDRESS.neighbour, 2222));
  });

  it('refuses when the session came from outside the list', () => {
    const script = lab.script({ sshFrom: ['198.51.100.0/31', '2001:db8:1::/127'] });
    refuses(script, session(ADDRESS.neighbour), ADDRESS.neighbour, 'firewall.sshFrom');
    refuses(script, session(ADDRESS.neighbour6), ADDRESS.neighbour6);
    accepts(script, session('198.51.100.1'));
    accepts(script, session('2001:db8:1::1'));
    accepts(lab.script({ sshFrom: ['198.51.100.3'] }), session(ADDRESS.neighbour));
  });

  it('an opening for the session is as good', () => {
    const opening = (from: string) =>
      lab.script({ sshFrom: ['10.0.0.0/8'], openings: [{ port: 22, protocol: 'tcp', from: [from] }] });
    accepts(opening('198.51.100.3'), session(ADDRESS.neighbour));
    refuses(opening('198.51.100.4'), session(ADDRESS.neighbour));
  });

  it('a session over a trusted interface is safe', () => {
    lab.run('host', ['ip', 'link', 'add', 'wg0', 'type', 'bridge']);
    lab.run('host', ['ip', 'addr', 'add', '10.8.0.1/24', 'dev', 'wg0']);
    const overVpn = { SSH_CONNECTION: '10.8.0.2 40000 10.8.0.1 22' };
    refuses(lab.script({ sshFrom: ['198.51.100.3'] }), overVpn);
    accepts(lab.script({ sshFrom: ['198.51.100.3'], trustedInterfaces: ['wg0'] }), overVpn);
    lab.run('host', ['ip', 'link', 'del', 'wg0']);
  });

  it('refuses to close the outer port of the tunnel that the session came by, and warns of other tunnels', () => {
    const bin = mkdtempSync(join(lab.folder, 'bin-'));
    const wg = (keepalive: string) =>
      writeFileSync(
        join(bin, 'wg'),
        `#!/bin/sh\ncase $* in *interfaces) echo wg0 wg1 ;; *wg1*) echo 51821 ;; *port) echo 51820 ;; *) echo 'key= ${keepalive}' ;; esac`,
        { mode: 0o755 },
      );
    const env = { PATH: `${bin}:${process.env['PATH']}`, SSH_CONNECTION: '10.8.0.2 40000 10.8.0.1 22' };
    lab.run('host', ['ip', 'link', 'add', 'wg0', 'type', 'bridge']);
    lab.run('host', ['ip', 'addr', 'add', '10.8.0.1/24', 'dev', 'wg0']);
    const script = (port: number) =>
      lab.script({
        trustedInterfaces: ['wg0'],
        openings: [{ port, protocol: 'udp', from: ['198.51.100.0/24'] }],
      });
    wg('off');
    refuses(script(51821), env, 'came in by wg0', '51820/udp', 'firewall.openings');
    expect(lab.firewall(script(51820), ['apply'], env)).toMatchObject({ code: 0, stderr: '' });
    lab.reset();
    wg('25');
    accepts(script(51821), env);
    wg('off');
    const elsewhere = lab.firewall(script(51821), ['apply'], { PATH: env.PATH });
    expect(elsewhere).toMatchObject({ code: 0, stderr: expect.stringMatching(/tunnel wg0.*51820\/udp/) });
    lab.run('host', ['ip', 'link', 'del', 'wg0']);
  });

  it('refuses when the session came in by what counts as a container interface', () => {
    lab.run('host', ['ip', 'link', 'add', 'br-lan', 'type', 'bridge']);
    lab.run('host', ['ip', 'addr', 'add', '10.9.0.1/24', 'dev', 'br-lan']);
    const overBridge = { SSH_CONNECTION: '10.9.0.2 40000 10.9.0.1 22' };
    refuses(lab.script(), overBridge, 'br-lan', 'for containers', 'firewall.trustedInterfaces');
    accepts(lab.script({ trustedInterfaces: ['br-lan'] }), overBridge);
    accepts(lab.script({ containersToHost: [22] }), overBridge);
    lab.run('host', ['ip', 'link', 'del', 'br-lan']);
  });

  it('refuses when the session came to an address that packets cannot arrive at, unless from the host itself', () => {
    lab.run('host', ['ip', 'addr', 'add', '203.0.113.9/32', 'dev', 'lo']);
    const floating = (client: string) => ({ SSH_CONNECTION: `${client} 40000 203.0.113.9 22` });
    refuses(lab.script(), floating(ADDRESS.neighbour), '203.0.113.9', 'on lo', 'eth0');
    accepts(lab.script(), floating(ADDRESS.host));
    lab.run('host', ['ip', 'link', 'add', 'wg0', 'type', 'bridge']);
    lab.run('host', ['ip', 'addr', 'add', '10.8.0.1/24', 'dev', 'wg0']);
    lab.run('host', ['ip', 'link', 'set', 'wg0', 'up']);
    refuses(lab.script(), floating('10.8.0.2'), '203.0.113.9');
    accepts(lab.script({ trustedInterfaces: ['wg0'] }), floating('10.8.0.2'));
    lab.run('host', ['ip', 'link', 'del', 'wg0']);
    lab.run('host', ['ip', 'addr', 'del', '203.0.113.9/32', 'dev', 'lo']);
  });

  it.each(['host', 'host6'] as const)(
    'judges by the port that was dialled, not by what the host made of it: %s',
    async (to) => {
      const from = to === 'host' ? ADDRESS.neighbour : ADDRESS.neighbour6;
      const redirect =
        'table inet twist { chain in { type nat hook prerouting priority dstnat; tcp dport 2222 redirect to :22; }; }';
      lab.run('host', ['nft', '-f', '-'], {}, redirect);
      const { port } = await lab.connect('neighbour', ADDRESS[to], 2222);
      const other = await lab.connect('neighbour', ADDRESS[to], 22);
      const env = (client: number) => ({ SSH_CONNECTION: `${from} ${client} ${ADDRESS[to]} 22` });
      refuses(lab.script(), env(port), 'this very session', 'to port 2222', 'firewall.sshPorts');
      accepts(lab.script(), env(other.port));
      accepts(lab.script({ sshPorts: [22, 2222] }), env(port));
      lab.run('host', ['nft', 'delete', 'table', 'inet', 'twist']);
    },
  );

  it('finds the session when sudo has dropped the variable', () => {
    const script = lab.script();
    const shell = `env -u SSH_CONNECTION '${script}' apply; echo "code $?"`;
    const result = lab.run('host', ['bash', '-c', shell], lab.environment(session(ADDRESS.neighbour, 2222)));
    expect(result.stdout).toBe('code 3\n');
    expect(result.stderr).toContain('this very session');
    expect(lab.table()).toBe('');
  });

  it('refuses while sshd listens on a port that would close, unless on loopback', async () => {
    const sshd = await lab.listen('host', ['tcp:2022'], 'sshd');
    refuses(lab.script(), {}, 'sshd listens on port 2022', 'firewall.sshPorts');
    accepts(lab.script({ sshPorts: [22, 2022] }));
    await end(sshd);
    accepts(lab.script());
  });

  it('knows the ports of the next start of sshd, and those that systemd listens on for it', async () => {
    const bin = mkdtempSync(join(lab.folder, 'bin-'));
    const stub = (name: string, body: string) =>
      writeFileSync(join(bin, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
    const path = { PATH: `${bin}:${process.env['PATH']}` };
    stub('sshd', "printf 'port 22\\nport 2200\\n'");
    const sshd = await lab.listen('host', ['tcp:2022'], 'sshd');
    refuses(lab.script({ sshPorts: [22, 2022] }), path, 'sshd listens on port 2200');
    accepts(lab.script({ sshPorts: [22, 2022, 2200] }), path);
    await end(sshd);
    // Without a running sshd its settings are nobody's.
    accepts(lab.script(), path);

    // Addresses with a port of their own leave none for the port that sshd prints all the same.
    stub(
      'sshd',
      "printf 'port 22\\nlistenaddress 0.0.0.0:2222\\nlistenaddress [::]:2222\\nlistenaddress 127.0.0.1:2200\\n'",
    );
    const moved = await lab.listen('host', ['tcp:2022'], 'sshd');
    refuses(lab.script({ sshPorts: [22, 2022] }), path, 'sshd listens on port 2222');
    accepts(lab.script({ sshPorts: [2022, 2222] }), path);
    process.kill(-moved.pid!, 'SIGKILL');

    stub('systemd-run', 'exit 0');
    stub('sshd', 'exit 1');
    // A process namespace whose first process is in the lab's network, as on a real host, and a /run of its own.
    const machine = 'mount -t tmpfs none /run; mkdir -p /run/systemd/system; "$@"; exit $?';
    const command = ['unshare', '--pid', '--fork', '--mount-proc', 'sh', '-euc', machine, '-'];
    const onSystemd = (script: string) =>
      lab.run('host', [...command, script, 'apply'], lab.environment(path));
    // Debian's name of the unit; Fedora's and Arch's.
    for (const unit of ['ssh.socket', 'sshd.socket']) {
      stub(
        'systemctl',
        `case $* in show*' ${unit}') echo "[::]:2222 (Stream)" ;; is-active*' ${unit}') ;; *) exit 3 ;; esac`,
      );
      expect(onSystemd(lab.script())).toMatchObject({
        code: 3,
        stderr: expect.stringContaining('sshd listens on port 2222'),
      });
      expect(lab.table()).toBe('');
    }
    expect(onSystemd(lab.script({ sshPorts: [2222] }))).toMatchObject({ code: 0 });
  });

  it('demands no port that sshd has on a trusted interface alone', async () => {
    lab.run('host', ['ip', 'link', 'add', 'wg0', 'type', 'bridge']);
    lab.run('host', ['ip', 'addr', 'add', '10.8.0.1/24', 'dev', 'wg0']);
    const bin = mkdtempSync(join(lab.folder, 'bin-'));
    const path = { PATH: `${bin}:${process.env['PATH']}` };
    writeFileSync(join(bin, 'sshd'), '#!/bin/sh\necho listenaddress 10.8.0.1:2022\n', { mode: 0o755 });
    const sshd = await lab.listen('host', ['tcp:2022:10.8.0.1'], 'sshd');
    refuses(lab.script(), path, 'sshd listens on port 2022');
    accepts(lab.script({ trustedInterfaces: ['wg0'] }), path);
    process.kill(-sshd.pid!, 'SIGKILL');
    lab.run('host', ['ip', 'link', 'del', 'wg0']);
  });

  it('refuses when the way to the internet would not be filtered', () => {
    refuses(lab.script({ trustedInterfaces: ['eth0'] }), {}, 'default route leaves by eth0');
    const link = (...words: string[]) => lab.run('host', ['ip', 'link', ...words]);
    link('add', 'br-wan', 'type', 'bridge');
    link('set', 'br-wan', 'up');
    lab.run('host', ['ip', 'addr', 'add', '192.0.2.1/24', 'dev', 'br-wan']);
    lab.run('host', ['ip', 'route', 'add', 'default', 'via', '192.0.2.2', 'metric', '50']);
    refuses(lab.script(), {}, 'br-wan', 'br-*');
    const route = (...words: string[]) => lab.run('host', ['ip', 'route', ...words]);
    route('del', 'default', 'via', '192.0.2.2');
    accepts(lab.script());
    // One of several next hops, two halves, and a table that only marked packets are sent to.
    const ways = [
      'default metric 5 nexthop via 192.0.2.2 dev br-wan nexthop via 198.51.100.2 dev eth0',
      '128.0.0.0/1 via 192.0.2.2',
      'default via 192.0.2.2 table 51820',
      '9.9.0.0/16 via 192.0.2.2',
    ];
    for (const way of ways) {
      expect(route('add', ...way.split(' '))).toMatchObject({ code: 0 });
      refuses(lab.script(), {}, 'br-wan', 'br-*');
      route('del', ...way.split(' '));
    }
    route('add', '224.0.0.0/4', 'dev', 'br-wan');
    accepts(lab.script());
    link('del', 'br-wan');
    accepts(lab.script());
  });
});
