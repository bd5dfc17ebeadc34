import { type ChildProcess, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inCi } from '../../in-ci.ts';
import { Lab, missingForLab, nextOutput } from '../../system/firewall/lab.ts';
import { requireDocker } from '../docker.ts';
import { type EngineOptions, OwnEngine } from '../own-engine.ts';

const IMAGE = 'css-host-programs:1';
const helpers = fileURLToPath(new URL('../../system/firewall/', import.meta.url));

/** Whether this machine can run the suite; under CI, lacking anything is a failure. */
export function ready(): boolean {
  if (!requireDocker()) return false;
  const missing = missingForLab();
  for (const tool of ['nmap', 'iptables', 'ufw', 'dockerd'])
    if (spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0) missing.push(tool);
  if (missing.length === 0) return true;
  if (inCi()) throw new Error(`the firewall tests need: ${missing.join(', ')}`);
  process.stderr.write(`firewall tests did NOT run: missing ${missing.join(', ')}\n`);
  return false;
}

export interface ContainerOptions {
  name: string;
  /** What listens inside, as listen.mjs takes it. */
  listen: readonly string[];
  /** `docker run` options: `-p`, `--network`. */
  options?: readonly string[];
}

/** The lab's host with a real engine of its own. Containers run the machine's own programs, so no image is needed. */
export class DockerLab {
  readonly net = new Lab({ engine: 'real' });
  engine!: OwnEngine;
  readonly #folder = mkdtempSync(join(tmpdir(), 'css-docker-lab-'));

  async start(options: EngineOptions = {}): Promise<void> {
    await this.net.start();
    // A neighbour that sends what is meant for containers to the host.
    this.net.wire('ip -n @neighbour route add 172.16.0.0/12 via 198.51.100.1');
    this.engine = await OwnEngine.start(this.net.namespace('host'), options);
    const tar = [
      'cd "$1"; mkdir -p usr tmp proc sys dev etc t',
      'ln -s usr/bin bin; ln -s usr/sbin sbin; ln -s usr/lib lib; ln -s usr/lib64 lib64',
      'tar -c . | docker import - "$2" >/dev/null',
    ];
    const { status, stderr } = spawnSync('sh', ['-euc', tar.join('\n'), '-', this.#folder, IMAGE], {
      env: { ...process.env, ...this.engine.env },
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`cannot make an image of the machine's programs: ${stderr}`);
  }

  async stop(): Promise<void> {
    await this.engine?.stop();
    this.net.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Starts a container and gives its IPv4 address on the first network (none on the host's). */
  async run({ name, listen, options = [] }: ContainerOptions): Promise<string> {
    const node = process.execPath;
    const prefix = dirname(dirname(node));
    const mounts = [...new Set(['/usr', prefix])].map((path) => `--volume=${path}:${path}:ro`);
    const command = [IMAGE, node, '/t/listen.mjs', ...listen];
    await this.engine.docker([
      'run',
      '--detach',
      // As a container's first process Node would wait out every stop.
      '--stop-signal=SIGKILL',
      `--name=${name}`,
      ...mounts,
      `--volume=${helpers}:/t:ro`,
      ...options,
      ...command,
    ]);
    const format = '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}';
    const { stdout } = await this.engine.docker(['inspect', '--format', format, name]);
    return stdout.trim().split(' ')[0] ?? '';
  }

  /** Tries targets, as probe.mjs takes them, from inside a container. */
  async fromContainer(name: string, targets: readonly string[]): Promise<boolean[]> {
    const command = ['exec', name, process.execPath, '/t/probe.mjs', ...targets];
    return JSON.parse((await this.engine.docker(command)).stdout) as boolean[];
  }

  /** The open TCP ports that a scan by a stranger finds, by default of all ports. */
  async scan(address: string, ports = '-'): Promise<number[]> {
    const family = address.includes(':') ? ['-6'] : [];
    const options = ['-n', '-Pn', '-sS', '--min-rate=8000', '--max-retries=2', '-oG', '-', '-p', ports];
    const child = this.net.spawn('stranger', ['nmap', ...family, ...options, address]);
    let text = '';
    child.stdout!.on('data', (chunk) => {
      text += chunk;
    });
    const code = await new Promise((resolve) => child.once('close', resolve));
    if (code !== 0) throw new Error(`nmap ended with ${code}: ${text}`);
    return [...text.matchAll(/(\d+)\/open\/tcp/g)].map(([, port]) => Number(port)).sort((a, b) => a - b);
  }

  /** Dials a port again and again until told to stop; then says how often it was let in, and how often not. */
  async hammer(
    target: string,
    { from = 'stranger' as const, pause = 5 } = {},
  ): Promise<() => Promise<{ answered: number; failed: number }>> {
    const script = join(fileURLToPath(new URL('.', import.meta.url)), 'hammer.mjs');
    const child: ChildProcess = this.net.spawn(from, ['node', script, target, String(pause)]);
    await nextOutput(child);
    return async () => {
      const output = nextOutput(child);
      child.stdin!.end('stop\n');
      return JSON.parse((await output)!);
    };
  }
}
