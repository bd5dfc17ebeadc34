import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { renderFirewall } from '../../src/render/firewall/index.ts';
import type { FirewallPolicy } from '../../src/stack/model.ts';
import { basePolicy, missingForLab } from './firewall/lab.ts';

const MANAGER = '/usr/lib/systemd/systemd';

/**
 * A real systemd, as a user's manager in namespaces of its own, where starting something only writes a line. What it
 * decides about our unit, a nftables.service such as Debian's and Docker's is what docs/firewall.md tells.
 */
describe.skipIf(missingForLab([MANAGER, 'systemctl']).length > 0)('the boot unit beside nftables', () => {
  const folder = mkdtempSync(join(tmpdir(), 'css-units-'));
  const units = join(folder, 'units');
  const log = join(folder, 'log');
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const says = (word: string) => `/bin/sh -c 'echo ${word} >>${log}'`;
  const ours = (backend: FirewallPolicy['backend']) => {
    const text = renderFirewall({ ...basePolicy, backend }, { stackName: 'shop' })[0]!.content;
    const flushers = /^readonly FLUSHERS='?([^'#\n]+)/m.exec(text)![1]!.trim();
    const unit = /cat <<UNIT\n(.*?)\nUNIT\n/s.exec(text)![1]!;
    return unit
      .replaceAll('$' + '{STATE}', folder)
      .replaceAll('$' + '{FLUSHERS}', flushers)
      .replaceAll(/^(Exec\w+)=.*$/gm, `$1=${says('rules')}`);
  };

  /** Others' units; `flusher` is one that takes all rules away when it starts. */
  const others = (flusher: string) => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(join(units, 'docker.service.requires'), { recursive: true });
    mkdirSync(join(folder, 'run'), { mode: 0o700 });
    mkdirSync(join(folder, 'bin'));
    mkdirSync(join(folder, 'config/systemd/user'), { recursive: true });
    for (const name of ['systemctl', 'systemd-run'])
      writeFileSync(join(folder, 'bin', name), `#!/bin/sh\nexec /usr/bin/${name} --user "$@"\n`, {
        mode: 0o755,
      });
    const flush = `/bin/sh -c 'nft flush ruleset; echo flush >>${log}'`;
    const oneshot = `[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=${flush}\nExecReload=${flush}\nExecStop=${flush}\n`;
    writeFileSync(join(units, `${flusher}.service`), oneshot);
    // Like Docker's own it has started when it says so, not when its program begins.
    writeFileSync(
      join(units, 'docker.service'),
      `[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=${says('docker')}\n`,
    );
  };

  /** What was started, or said, by each command. Nothing of it is in the machine's network. */
  const startedBy = (...commands: string[]): string[][] => {
    const shell = `
      mount -t tmpfs none /run; mkdir -p /run/systemd/system
      mount -t cgroup2 none /sys/fs/cgroup
      for link in /etc/systemd/system "$XDG_CONFIG_HOME/systemd/user"; do mount --bind '${units}' "$link"; done
      ${MANAGER} --user >"$XDG_RUNTIME_DIR/out" 2>&1 &
      until systemctl list-units >/dev/null 2>&1; do sleep 0.2; done
      for command; do
        echo "> $command" >>'${log}'
        sh -c "$command" >>'${log}' || echo "failed: $command" >&2
        # What comes along with it, too.
        until [ -z "$(systemctl list-jobs --no-legend)" ]; do sleep 0.1; done
      done`;
    const { stderr } = spawnSync(
      'unshare',
      [
        '--net',
        '--mount',
        '--pid',
        '--fork',
        '--kill-child',
        '--mount-proc',
        'sh',
        '-uc',
        shell,
        '-',
        ...commands,
      ],
      {
        encoding: 'utf8',
        timeout: 110_000,
        env: {
          ...process.env,
          PATH: `${folder}/bin:${process.env['PATH']}`,
          XDG_RUNTIME_DIR: join(folder, 'run'),
          XDG_CONFIG_HOME: join(folder, 'config'),
          SYSTEMD_UNIT_PATH: `${units}:`,
          CSS_FIREWALL_STATE: join(folder, 'state'),
          SSH_CONNECTION: '',
        },
      },
    );
    expect(stderr).toBe('');
    return readFileSync(log, 'utf8')
      .split(/^> .*\n/m)
      .slice(1)
      .map((lines) => lines.split('\n').filter(Boolean));
  };

  it.each([
    ['nftables', 'nftables'],
    ['netfilter-persistent', 'iptables'],
    ['iptables', 'ufw'],
  ] as const)(
    'starts before Docker, and again with %s; a stop takes Docker along, and only Docker’s start brings both back',
    (flusher, backend) => {
      others(flusher);
      writeFileSync(join(units, 'css-firewall.service'), ours(backend));
      symlinkSync('../css-firewall.service', join(units, 'docker.service.requires/css-firewall.service'));
      const started = startedBy(
        `systemctl start ${flusher} docker`,
        `systemctl restart ${flusher}`,
        `systemctl reload ${flusher}`,
        `systemctl stop ${flusher}`,
        `systemctl start ${flusher}`,
        'systemctl start docker',
      );
      expect(started).toEqual([
        ['flush', 'rules', 'docker'],
        ['flush', 'flush', 'rules', 'docker'],
        ['flush', 'rules'],
        ['flush'],
        ['flush'],
        ['rules', 'docker'],
      ]);
    },
  );

  it('installed on a host that runs already, brings the rules back after every flush, and leaves Docker alone', () => {
    others('nftables');
    const fw = join(folder, 'firewall.sh');
    const [script] = renderFirewall(basePolicy, { stackName: 'shop' });
    writeFileSync(fw, script!.content, { mode: 0o755 });
    // What a reload passes on is not waited for.
    const tables =
      "for try in 1 2 3 4 5 6 7 8 9; do nft list tables | grep 'css_fw$' && break; sleep 0.5; done";
    const said = startedBy(
      'systemctl start nftables; systemctl start docker',
      `for what in apply confirm install; do ${fw} $what >/dev/null; done`,
      `${fw} verify | grep 'come back'`,
      `systemctl reload nftables; ${tables}`,
      `systemctl restart nftables; ${tables}`,
      // A unit that is started on its own restarts nobody.
      'systemctl stop nftables; systemctl is-active docker; :',
    );
    expect(said).toEqual([
      ['flush', 'docker'],
      [],
      ['ok    the rules come back at boot, before Docker'],
      ['flush', 'table inet css_fw'],
      ['flush', 'flush', 'docker', 'table inet css_fw'],
      ['flush', 'inactive'],
    ]);
  });
});
