import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { docker, remove } from './docker.ts';
import type { RunResult } from './process.ts';

/** What every generated service is started with. */
export const hardening = ['--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'];

export const tmpfs = {
  tmp: ['--tmpfs', '/tmp:mode=1777,size=64m'],
  postgres: ['--tmpfs', '/var/run/postgresql:uid=999,gid=999,mode=0775,size=16m'],
};

/** Containers, volumes, networks and files of one test file, removed together. */
export class Lab {
  readonly id = `css-lab-${randomBytes(4).toString('hex')}`;
  private readonly containers: string[] = [];
  private readonly volumes: string[] = [];
  private readonly networks: string[] = [];
  private root: string | undefined;

  async network(): Promise<string> {
    const name = `${this.id}-${this.networks.length}`;
    await docker(['network', 'create', name]);
    this.networks.push(name);
    return name;
  }

  /** The name of a new volume; the engine makes it when a container first mounts it. */
  volume(): string {
    const name = `${this.id}-${this.volumes.length}`;
    this.volumes.push(name);
    return name;
  }

  /** Writes a file that any user of a container may read, below a folder that only the host's owner may enter. */
  async file(name: string, content: string, mode = 0o444): Promise<string> {
    const path = join(await this.hostRoot(), name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
    await chmod(path, mode);
    return path;
  }

  /** Makes a folder to mount; it belongs to the user who runs the tests. */
  async folder(name: string, mode: number): Promise<string> {
    const path = join(await this.hostRoot(), name);
    await mkdir(path);
    await chmod(path, mode);
    return path;
  }

  /** Starts `docker run --detach` and returns the container's name. */
  async start(image: string, options: string[] = [], command: string[] = []): Promise<string> {
    const name = `${this.id}-c${this.containers.length}`;
    this.containers.push(name);
    await docker(['run', '--detach', '--name', name, ...options, image, ...command]);
    return name;
  }

  /** Runs a container to its end; any exit code is an answer. */
  once(image: string, options: string[] = [], command: string[] = []): Promise<RunResult> {
    return docker(['run', '--rm', ...options, image, ...command], { allowFailure: true });
  }

  async removeAll(): Promise<void> {
    await remove({ containers: this.containers, volumes: this.volumes, networks: this.networks });
    if (this.root) await rm(this.root, { recursive: true, force: true });
  }

  private async hostRoot(): Promise<string> {
    this.root ??= await mkdtemp(join(tmpdir(), `${this.id}-`));
    return this.root;
  }
}

/** `-v` for a read-only bind mount, as file secrets and configs are mounted. */
export function mount(hostPath: string, containerPath: string): string[] {
  return ['-v', `${hostPath}:${containerPath}:ro`];
}
