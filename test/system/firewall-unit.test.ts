import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { renderFirewall } from '../../src/render/firewall/index.ts';
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
  const ours = () => {
    const [script] = renderFirewall(basePolicy, { stackName: 'shop' });
    const text = /cat <<UNIT\n(.*?)\nUNIT\n/s.exec(script!.content)![1]!;
    return text.replaceAll('$' + '{STATE}', folder).replaceAll(/^(Exec\w+)=.*$/gm, `$1=${says('rules')}`);
  };

  /** What was started by each command of systemctl. */
  const startedBy = (...commands: string[]): string[][] => {
    mkdirSync(join(units, 'docker.service.requires'), { recursive: true });
    mkdirSync(join(folder, 'run'), { mode: 0o700 });
    const oneshot = `[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=${says('flush')}\nExecReload=${says('flush')}\n`;
    writeFileSync(join(units, 'nftables.service'), oneshot);
    // Like Docker's own it has started when it says so, not when its program begins.
    writeFileSync(
      join(units, 'docker.service'),
      `[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=${says('docker')}\n`,
    );
    writeFileSync(join(units, 'css-firewall.service'), ours());
    symlinkSync('../css-firewall.service', join(units, 'docker.service.requires/css-firewall.service'));
    const shell = `
      mount -t tmpfs none /run; mkdir -p /run/systemd/system
      mount -t cgroup2 none /sys/fs/cgroup
      ${MANAGER} --user >"$XDG_RUNTIME_DIR/out" 2>&1 &
      until systemctl --user list-units >/dev/null 2>&1; do sleep 0.2; done
      for command; do
        echo "> $command" >>'${log}'
        systemctl --user $command || echo "failed: $command" >&2
        # What comes along with it, too.
        until [ -z "$(systemctl --user list-jobs --no-legend)" ]; do sleep 0.1; done
      done`;
    const { stderr } = spawnSync(
      'unshare',
      ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc', 'sh', '-uc', shell, '-', ...commands],
      {
        encoding: 'utf8',
        timeout: 110_000,
        env: { ...process.env, XDG_RUNTIME_DIR: join(folder, 'run'), SYSTEMD_UNIT_PATH: `${units}:` },
      },
    );
    expect(stderr).toBe('');
    return readFileSync(log, 'utf8')
      .split(/^> .*\n/m)
      .slice(1)
      .map((lines) => lines.split('\n').filter(Boolean));
  };

  it('starts before Docker, and again with nftables; a stop takes Docker along, and only Docker’s start brings both back', () => {
    const started = startedBy(
      'start nftables docker',
      'restart nftables',
      'reload nftables',
      'stop nftables',
      'start nftables',
      'start docker',
    );
    expect(started).toEqual([
      ['flush', 'rules', 'docker'],
      ['flush', 'rules', 'docker'],
      ['flush', 'rules'],
      [],
      ['flush'],
      ['rules', 'docker'],
    ]);
  });
});
