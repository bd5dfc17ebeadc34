import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type RunOptions, type RunResult, run, scrubbedEnvironment } from './process.ts';

export interface EngineOptions {
  /** More of dockerd's flags. */
  flags?: readonly string[];
}

/**
 * A Docker Engine of its own inside a network namespace: own data, own sockets, and no rule of its leaves the namespace.
 * Other tools reach it by `env`. Whoever starts one must `stop` it.
 */
export class OwnEngine {
  /** `DOCKER_HOST`, for anything that talks to an engine. */
  readonly env: { DOCKER_HOST: string };
  readonly #namespace: string;
  readonly #folder: string;
  readonly #flags: readonly string[];
  #process: ChildProcess | undefined;
  #log = '';

  private constructor(namespace: string, folder: string, flags: readonly string[]) {
    this.#namespace = namespace;
    this.#folder = folder;
    this.#flags = flags;
    this.env = { DOCKER_HOST: `unix://${folder}/docker.sock` };
  }

  /** @param namespace name of a network namespace that `ip netns` knows */
  static async start(namespace: string, { flags = [] }: EngineOptions = {}): Promise<OwnEngine> {
    const folder = await mkdtemp(join(tmpdir(), 'css-engine-'));
    // A container's user must be able to get at its own files below.
    await chmod(folder, 0o711);
    const engine = new OwnEngine(namespace, folder, flags);
    try {
      await engine.up();
    } catch (error) {
      await engine.stop();
      throw error;
    }
    return engine;
  }

  docker(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    return run('docker', args, { ...options, env: { ...options.env, ...this.env } });
  }

  /** Copies images from the machine's engine. */
  async load(...images: string[]): Promise<void> {
    const copy = 'docker save "$@" | DOCKER_HOST=$ENGINE docker load --quiet';
    await run('bash', ['-o', 'pipefail', '-c', copy, '-', ...images], {
      env: { ENGINE: this.env.DOCKER_HOST },
      timeoutMs: 300_000,
    });
  }

  /** Ends the daemon as a stop of its service does; containers end with it, its rules stay. */
  async down(): Promise<void> {
    await this.#end('SIGTERM');
  }

  /** Ends the daemon as a crash does: containers go on. */
  async crash(): Promise<void> {
    await this.#end('SIGKILL');
    await this.#endContainerd();
    await rm(join(this.#folder, 'docker.pid'), { force: true });
  }

  async up(): Promise<void> {
    // Not `ip netns exec`: that hides the cgroups.
    const args = [
      `--net=/run/netns/${this.#namespace}`,
      'dockerd',
      `--data-root=${this.#folder}/data`,
      `--exec-root=${this.#folder}/run`,
      `--pidfile=${this.#folder}/docker.pid`,
      `--host=${this.env.DOCKER_HOST}`,
      ...this.#flags,
    ];
    const child = spawn('nsenter', args, {
      env: scrubbedEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = child;
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#log = (this.#log + text).slice(-8000);
      });
    const socket = this.env.DOCKER_HOST.slice('unix://'.length);
    const ping = ['-fsS', '--max-time', '2', '--unix-socket', socket, 'http://docker/_ping'];
    for (const deadline = Date.now() + 60_000; Date.now() < deadline; await sleep(100)) {
      if (child.exitCode !== null || child.signalCode !== null) break;
      if ((await run('curl', ping, { allowFailure: true })).stdout === 'OK') return;
    }
    throw new Error(`dockerd does not start in ${this.#namespace}:\n${this.#log}`);
  }

  /** Ends the daemon and all its containers, and removes all it stored. */
  async stop(): Promise<void> {
    if (this.#running()) {
      const { stdout } = await this.docker(['ps', '--all', '--quiet'], { allowFailure: true });
      const containers = stdout.split('\n').filter(Boolean);
      if (containers.length > 0)
        await this.docker(['rm', '--force', '--volumes', ...containers], { allowFailure: true });
    }
    await this.#end('SIGTERM');
    await this.#endContainerd();
    const mounts = `awk -v folder="$1/" 'index($2, folder) == 1 { print $2 }' /proc/mounts | sort -r | xargs -r -n1 umount -l`;
    await run('sh', ['-c', mounts, '-', this.#folder], { allowFailure: true });
    await rm(this.#folder, { recursive: true, force: true });
  }

  #running(): boolean {
    const child = this.#process;
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#process;
    if (!child || !this.#running()) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    const slow = setTimeout(() => child.kill('SIGKILL'), 30_000);
    await ended;
    clearTimeout(slow);
  }

  /** Of a daemon that crashed; its note of the number would keep the next one waiting. */
  async #endContainerd(): Promise<void> {
    const note = join(this.#folder, 'run/containerd/containerd.pid');
    const pid = Number(await readFile(note, 'utf8').catch(() => '0'));
    if (pid === 0) return;
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    // The number may be somebody else's by now.
    if (command.includes(this.#folder)) process.kill(pid, 'SIGKILL');
    await rm(note, { force: true });
  }
}
