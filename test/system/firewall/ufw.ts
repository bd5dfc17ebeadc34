import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lab, Result } from './lab.ts';

/**
 * A ufw for the lab's host alone: the program runs on a copy of its settings as they are after its installation, mounted
 * over the machine's, which stay as they are.
 */
export class Ufw {
  readonly #lab: Lab;
  readonly #copy: string;

  constructor(lab: Lab) {
    this.#lab = lab;
    this.#copy = mkdtempSync(join(lab.folder, 'ufw-'));
    this.#fresh();
  }

  #fresh(): void {
    rmSync(join(this.#copy, 'etc'), { recursive: true, force: true });
    cpSync('/etc/ufw', join(this.#copy, 'etc'), { recursive: true });
    cpSync('/usr/share/ufw/iptables', join(this.#copy, 'etc'), { recursive: true });
    cpSync('/etc/default/ufw', join(this.#copy, 'default'));
    // The kernel's settings are none of the lab's business.
    this.set('IPT_SYSCTL', '');
  }

  /** Changes a setting of /etc/default/ufw. */
  set(name: string, value: string): void {
    const path = join(this.#copy, 'default');
    writeFileSync(
      path,
      readFileSync(path, 'utf8').replace(new RegExp(`^${name}=.*$`, 'm'), `${name}="${value}"`),
    );
  }

  /** The command as it runs where this ufw is the host's. */
  around(command: readonly string[]): string[] {
    const mounts = [
      `mount --bind '${this.#copy}/etc' /etc/ufw`,
      `mount --bind '${this.#copy}/default' /etc/default/ufw`,
      // Its lock
      'mount -t tmpfs none /run',
    ];
    return ['unshare', '--mount', 'sh', '-euc', `${mounts.join('; ')}; exec "$@"`, '-', ...command];
  }

  /** Runs a shell script on the lab's host. */
  shell(script: string): string {
    const command = this.around(['sh', '-euc', script]);
    const { code, stdout, stderr } = this.#lab.run('host', command, {}, '', 60_000);
    if (code !== 0) throw new Error(`ufw: ${stderr}`);
    return stdout;
  }

  /** Switches it on with these rules alone, as ufw takes them, and what comes after its own. */
  on(rules: readonly string[] = [], after = ''): void {
    this.#fresh();
    appendFileSync(join(this.#copy, 'etc/after.rules'), after);
    this.shell([...rules, '--force enable'].map((rule) => `ufw ${rule}`).join('\n'));
  }

  /** What it leaves behind goes as well: its chains, in either family. */
  off(): void {
    this.shell(`ufw disable
for t in iptables ip6tables; do
  $t -P INPUT ACCEPT; $t -P OUTPUT ACCEPT
  $t-save -t filter | grep -v -e ufw | $t-restore
done`);
  }

  /** Both of its files of rules, byte by byte. */
  files(): string {
    return ['user', 'user6']
      .map((name) => readFileSync(join(this.#copy, 'etc', `${name}.rules`), 'utf8'))
      .join('');
  }

  /** The rules as the administrator sees them. */
  added(): string[] {
    return this.shell('ufw show added').split('\n').slice(1, -1);
  }

  /** Runs the firewall's script where this ufw is the host's. */
  firewall(script: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Result {
    return this.#lab.run('host', this.around([script, ...args]), this.#lab.environment(env), '', 60_000);
  }
}
