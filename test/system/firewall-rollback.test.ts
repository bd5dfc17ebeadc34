import { existsSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ADDRESS, Lab, missingForLab, nextOutput, until } from './firewall/lab.ts';

describe.skipIf(missingForLab().length > 0)('loading, confirming and going back', () => {
  const lab = new Lab();
  beforeAll(() => lab.start());
  afterAll(() => lab.stop());
  afterEach(() => lab.reset());

  const confirmed = (script: string) => {
    expect(lab.firewall(script, ['apply'])).toMatchObject({ code: 0, stderr: '' });
    expect(lab.firewall(script, ['confirm'])).toMatchObject({ code: 0, stderr: '' });
    return lab.table();
  };

  it('unconfirmed rules vanish in time, without a trace of the wait', async () => {
    const script = lab.script();
    const { stdout } = lab.firewall(script, ['apply', '--timeout', '5']);
    expect(stdout).toContain(`sudo ${script} confirm`);
    expect(lab.table()).toContain('chain prerouting');
    expect(await until(() => lab.table() === '', 30)).toBe(true);
    expect(await until(() => !existsSync(join(lab.state, 'pending')), 30)).toBe(true);
    expect(lab.firewall(script, ['confirm'])).toMatchObject({ code: 3 });
    expect(lab.table()).toBe('');
  });

  it('what was confirmed before comes back when a change is not confirmed', async () => {
    const before = confirmed(lab.script());
    lab.firewall(lab.script({ publicTcp: [8080] }), ['apply', '--timeout=5']);
    expect(lab.table()).toContain('8080');
    expect(await until(() => lab.table() === before, 30)).toBe(true);
  });

  it('confirmed rules stay when the time is up, in files of root alone', async () => {
    const script = lab.script();
    lab.firewall(script, ['apply', '--timeout=5']);
    expect(lab.firewall(script, ['confirm']).code).toBe(0);
    expect(await until(() => lab.table() === '', 7)).toBe(false);
    expect(lab.firewall(script, ['status'])).toMatchObject({ code: 0 });
    expect(statSync(lab.state).mode & 0o777).toBe(0o700);
    expect(statSync(join(lab.state, 'confirmed.nftables')).mode & 0o777).toBe(0o600);
  });

  it('the way back outlives kill -9 of everything in the session that began it', async () => {
    const line = `'${lab.script()}' apply --timeout 5; sleep 60`;
    const shell = lab.spawn('host', ['bash', '-c', line], lab.environment());
    expect(await nextOutput(shell)).toContain('Loaded');
    process.kill(-shell.pid!, 'SIGKILL');
    expect(lab.table()).not.toBe('');
    expect(await until(() => lab.table() === '', 30)).toBe(true);
  });

  it('the way back does not need the stack folder', async () => {
    const script = lab.script();
    lab.firewall(script, ['apply', '--timeout=2']);
    writeFileSync(script, 'garbage');
    expect(await until(() => lab.table() === '', 30)).toBe(true);
  });

  it('the way back is tried again when the rules confirmed before do not load at once', async () => {
    const before = confirmed(lab.script());
    const tried = join(lab.folder, 'tried');
    const nft = `case "$*" in *confirmed*) [ -e '${tried}' ] || { : >'${tried}'; exit 1; } ;; esac; exec /usr/sbin/nft "$@"`;
    const path = stubs({ nft });
    lab.firewall(lab.script({ publicTcp: [8080] }), ['apply', '--timeout=5'], { PATH: path });
    expect(lab.table()).toContain('8080');
    expect(await until(() => lab.table() === before, 30)).toBe(true);
    expect(existsSync(tried)).toBe(true);
    expect(await until(() => !existsSync(join(lab.state, 'pending')), 30)).toBe(true);
  });

  it('rules that nobody confirmed go even when those confirmed before do not load any more', async () => {
    confirmed(lab.script());
    const script = lab.script({ publicTcp: [8080] });
    lab.firewall(script, ['apply', '--timeout=5']);
    writeFileSync(join(lab.state, 'confirmed.nftables'), 'garbage');
    expect(await until(() => lab.table() === '', 40)).toBe(true);
    expect(await until(() => !existsSync(join(lab.state, 'pending')), 30)).toBe(true);
    expect(lab.firewall(script, ['status'])).toMatchObject({ code: 4 });
    expect(lab.firewall(script, ['boot'])).toMatchObject({ code: 1 });
  });

  it('the way back does not wait for a command that hangs', async () => {
    const script = lab.script();
    lab.firewall(script, ['apply', '--timeout=2']);
    const hung = lab.spawn('host', ['flock', join(lab.state, 'lock'), 'sh', '-c', 'echo held; sleep 30']);
    expect(await nextOutput(hung)).toBe('held\n');
    expect(await until(() => lab.table() === '', 30)).toBe(true);
    process.kill(-hung.pid!, 'SIGKILL');
  });

  it('a second apply starts the time anew: the first timer no longer counts', async () => {
    const script = lab.script();
    lab.firewall(script, ['apply', '--timeout=2']);
    lab.firewall(script, ['apply', '--timeout=600']);
    expect(await until(() => lab.table() === '', 4)).toBe(false);
    expect(lab.firewall(script, ['status']).stdout).toMatch(/confirmed {2}no, going back in 5\d\d seconds/);
  });

  it('applying what is loaded and confirmed does nothing', () => {
    const script = lab.script();
    const before = confirmed(script);
    expect(lab.firewall(script, ['apply']).stdout).toContain('nothing to do');
    expect(existsSync(join(lab.state, 'pending'))).toBe(false);
    expect(lab.table()).toBe(before);
  });

  it('plan shows a change (4) or none (0), and a hole that somebody poked', () => {
    const script = lab.script();
    expect(lab.firewall(script, ['plan'])).toMatchObject({ code: 4, stderr: '' });
    expect(lab.table()).toBe('');
    confirmed(script);
    // Addresses that the rate limit has seen are no change.
    lab.answers('stranger', [`tcp,${ADDRESS.host},22`, `tcp,${ADDRESS.host6},22`]);
    expect(lab.firewall(script, ['plan'])).toMatchObject({ code: 0, stdout: 'no change\n' });
    const other = lab.firewall(lab.script({ publicTcp: [80, 8443] }), ['plan']);
    expect(other).toMatchObject({ code: 4 });
    expect(other.stdout).toMatch(/^-.*80, 443[\s\S]*^\+.*80, 8443/m);
    lab.run('host', ['nft', 'insert', 'rule', 'inet', 'css_fw', 'from_world', 'accept']);
    expect(lab.firewall(script, ['plan'])).toMatchObject({ code: 4 });
    expect(lab.firewall(script, ['status'])).toMatchObject({ code: 4 });
    expect(lab.firewall(script, ['rollback'])).toMatchObject({ code: 0 });
    expect(lab.firewall(script, ['plan'])).toMatchObject({ code: 0 });
  });

  it('status tells: not loaded, waiting, in force, and what was dropped', () => {
    const script = lab.script();
    expect(lab.firewall(script, ['status'])).toMatchObject({
      code: 4,
      stdout: expect.stringMatching(/^loaded +no$/m),
    });
    lab.firewall(script, ['apply']);
    expect(lab.firewall(script, ['status'])).toMatchObject({
      code: 4,
      stdout: expect.stringContaining('going back in'),
    });
    lab.firewall(script, ['confirm']);
    lab.answers('stranger', [`tcp,${ADDRESS.host},9000`]);
    const { code, stdout } = lab.firewall(script, ['status']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^world_drop +[1-9]\d* packets/m);
  });

  it('only a connection that began after apply can confirm, by the age of its sshd, not by what it calls itself', () => {
    const from = (port: number) =>
      lab.environment({ SSH_CONNECTION: `198.51.100.3 ${port} 198.51.100.1 22` });
    /** Runs commands below a process that has the name of sshd's for one connection, itself a child of the listener. */
    const over = (script: string, title: string, commands: string) => {
      const shell = `exec -a 'sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups' bash -c '(exec -a "$1" bash -c "$2" "$0"); exit $?' "$0" "$1" "$2"`;
      return lab.run('host', ['bash', '-c', shell, script, title, `${commands}; exit $?`], from(40001));
    };
    const titles = ['sshd: root@pts/0', 'sshd-session: root@pts/0', '/usr/sbin/dropbear -F'];
    for (const [index, title] of titles.entries()) {
      const script = lab.script({ publicTcp: [8080 + index] });
      const old = over(
        script,
        title,
        '$0 apply >/dev/null; export SSH_CONNECTION=${SSH_CONNECTION/40001/40002}; $0 confirm',
      );
      expect(old).toMatchObject({ code: 3, stderr: expect.stringContaining('older than the rules') });
      expect(over(script, title, '$0 confirm')).toMatchObject({ code: 0 });
    }
    const script = lab.script();
    lab.firewall(script, ['apply']);
    // As in tmux, whose server has left its login.
    const lost = lab.run('host', [script, 'confirm'], from(40003));
    expect(lost).toMatchObject({ code: 3, stderr: expect.stringContaining('--same-connection') });
    expect(lab.run('host', [script, 'confirm', '--same-connection'], from(40003))).toMatchObject({ code: 0 });
  });

  it('is quick in a flood of strangers, and clear when the time is up meanwhile', async () => {
    const script = lab.script();
    lab.firewall(script, ['apply', '--timeout=600']);
    const addresses = Array.from({ length: 65_000 }, (_, n) => `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`);
    const full = `add element inet css_fw ssh_seen4 { ${addresses.map((a) => `${a} limit rate over 10/minute burst 10 packets`).join(',')} }\n`;
    expect(lab.run('host', ['nft', '-f', '-'], {}, full).code).toBe(0);
    const seconds = (command: string[]) => {
      const started = Date.now();
      expect(lab.run('host', command, lab.environment(), '', 100_000)).toMatchObject({ code: 0, stderr: '' });
      return (Date.now() - started) / 1000;
    };
    const listing = seconds(['sh', '-c', 'nft -s list table inet css_fw >/dev/null']);
    expect(seconds([script, 'confirm'])).toBeLessThan(8 * listing + 5);

    const listed = join(lab.folder, 'listed');
    const slow = `case $* in *list*) [ ! -e '${listed}' ] || sleep 4; : >'${listed}' ;; esac; exec /usr/sbin/nft "$@"`;
    const other = lab.script({ publicTcp: [8080] });
    lab.firewall(other, ['apply', '--timeout=6']);
    expect(lab.firewall(other, ['confirm'], { PATH: stubs({ nft: slow }) })).toMatchObject({
      code: 3,
      stderr: 'firewall: the time to confirm is up, and the rules go back: apply again\n',
    });
    expect(await until(() => !lab.table().includes('8080'), 8)).toBe(true);
    expect(readFileSync(join(lab.state, 'confirmed.nftables'), 'utf8')).not.toContain('8080');
  });

  it('the copy that the timer keeps can apply as well', () => {
    confirmed(lab.script());
    const copy = join(lab.state, 'firewall.sh');
    lab.firewall(lab.script({ publicTcp: [8080] }), ['apply']);
    expect(lab.firewall(copy, ['apply'])).toMatchObject({ code: 0, stderr: '' });
    expect(lab.firewall(copy, ['confirm'])).toMatchObject({ code: 0 });
    expect(lab.firewall(copy, ['plan'])).toMatchObject({ code: 0 });
  });

  it('confirm refuses when the kernel holds other rules than were applied', () => {
    const script = lab.script();
    lab.firewall(script, ['apply']);
    lab.run('host', ['nft', 'flush', 'chain', 'inet', 'css_fw', 'from_world']);
    expect(lab.firewall(script, ['confirm'])).toMatchObject({ code: 3 });
    expect(existsSync(join(lab.state, 'confirmed.nftables'))).toBe(false);
  });

  it("another stack's rules are replaced on demand only, and come back by rollback", () => {
    const theirs = confirmed(lab.script({}, undefined, 'wiki'));
    const script = lab.script();
    const refusal = lab.firewall(script, ['apply']);
    expect(refusal).toMatchObject({ code: 3, stderr: expect.stringContaining("another stack's (wiki)") });
    expect(lab.firewall(script, ['remove'])).toMatchObject({ code: 3 });
    expect(lab.table()).toBe(theirs);
    // As after a reboot: theirs are confirmed, though not loaded.
    lab.run('host', ['nft', 'delete', 'table', 'inet', 'css_fw']);
    expect(lab.firewall(script, ['apply'])).toMatchObject({ code: 3 });
    expect(lab.firewall(script, ['remove'])).toMatchObject({ code: 3 });
    expect(lab.firewall(script, ['apply', '--replace'])).toMatchObject({ code: 0 });
    expect(lab.table()).toContain('stack shop');
    lab.firewall(script, ['rollback']);
    expect(lab.table()).toBe(theirs);
  });

  it('an nft that crashes while loading leaves the confirmed rules in force', () => {
    const before = confirmed(lab.script());
    const path = stubs({ nft: 'if [ "$*" = "-f -" ]; then kill -SEGV $$; fi; exec /usr/sbin/nft "$@"' });
    const result = lab.firewall(lab.script({ publicTcp: [8080] }), ['apply'], { PATH: path });
    expect(result.code).toBe(1);
    expect(lab.table()).toBe(before);
    expect(existsSync(join(lab.state, 'pending'))).toBe(false);
  });

  it('where systemd runs, the timer is a unit of its own', async () => {
    const log = join(lab.folder, 'systemd.log');
    const path = stubs({
      'systemd-run': `printf '%s\\n' "$@" >'${log}'`,
      systemctl: `printf '%s\\n' "$*" >>'${log}'`,
    });
    const script = lab.script();
    // A process namespace whose first process is in the lab's network, as on a real host, and a /run of its own.
    const machine = (command: string) =>
      lab.run(
        'host',
        [
          'unshare',
          '--pid',
          '--fork',
          '--mount-proc',
          'sh',
          '-euc',
          'mount -t tmpfs none /run; mkdir -p /run/systemd/system; "$@"; :',
          '-',
          script,
          command,
        ],
        lab.environment({ PATH: path }),
      );
    expect(machine('apply')).toMatchObject({ code: 0, stderr: '' });
    const args = readFileSync(log, 'utf8').split('\n');
    expect(args).toContain('--on-active=60');
    expect(args).toContain(`--setenv=CSS_FIREWALL_STATE=${lab.state}`);
    const unit = args.find((arg) => arg.startsWith('--unit='))!.slice('--unit='.length);
    const command = args.slice(args.indexOf(join(lab.state, 'firewall.sh')) - 1).filter(Boolean);
    expect(lab.run('host', command, lab.environment()).code).toBe(0);
    expect(lab.table()).toBe('');

    expect(machine('apply').code).toBe(0);
    expect(machine('confirm').code).toBe(0);
    expect(readFileSync(log, 'utf8')).toMatch(/stop css-firewall-[0-9a-f-]{36}\.timer/);
    expect(unit).toMatch(/^css-firewall-[0-9a-f-]{36}$/);
    // A timer that fires late finds nothing to do.
    expect(lab.run('host', command, lab.environment()).code).toBe(0);
    expect(lab.table()).not.toBe('');
  });

  /** Programs that stand before the real ones of their names; gives the PATH that finds them. */
  function stubs(bodies: Record<string, string>): string {
    const folder = mkdtempSync(join(lab.folder, 'bin-'));
    for (const [name, body] of Object.entries(bodies))
      writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
    return `${folder}:${process.env['PATH']}`;
  }
});
