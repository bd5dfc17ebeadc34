import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { inCi } from '../in-ci.ts';
import { type RunOptions, type RunResult, run, scrubbedEnvironment } from './process.ts';

export { type RunOptions, type RunResult, run } from './process.ts';
export { networkNamespaceStranger, type Stranger } from './stranger.ts';

/** Runs `docker …` in a scrubbed environment. */
export function docker(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return run('docker', args, options);
}

/**
 * Runs `docker compose …` in `dir`, as an operator with an empty environment would: only what `dir` holds, and
 * `options.env`, decides what the compose file means.
 */
export function compose(
  dir: string,
  args: readonly string[],
  options: Omit<RunOptions, 'cwd'> = {},
): Promise<RunResult> {
  return run('docker', ['compose', '--ansi', 'never', '--progress', 'plain', ...args], {
    timeoutMs: 300_000,
    ...options,
    cwd: dir,
  });
}

/** The ids of a project's containers; with `service`, of that one. `all` includes the stopped ones. */
export async function composeContainers(dir: string, service?: string): Promise<string[]> {
  const { stdout } = await compose(dir, ['ps', '--all', '--quiet', ...(service ? [service] : [])]);
  return stdout.split('\n').filter(Boolean);
}

/** The part of `docker inspect` that the tests look at. */
export interface ContainerInfo {
  Id: string;
  Name: string;
  RestartCount: number;
  State: {
    Status: string;
    Running: boolean;
    ExitCode: number;
    OOMKilled: boolean;
    Pid: number;
    Health?: { Status: string; Log: { ExitCode: number; Output: string }[] | null };
  };
  Config: {
    User: string;
    Env: string[];
    Image: string;
    Labels: Record<string, string>;
    Healthcheck?: { Test: string[] };
    StopTimeout?: number;
  };
  HostConfig: {
    ReadonlyRootfs: boolean;
    CapAdd: string[] | null;
    CapDrop: string[] | null;
    SecurityOpt: string[] | null;
    Privileged: boolean;
    PidsLimit: number | null;
    Memory: number;
    MemorySwap: number;
    NanoCpus: number;
    Init: boolean | null;
    Tmpfs: Record<string, string> | null;
    NetworkMode: string;
    PidMode: string;
    IpcMode: string;
    UTSMode: string;
    UsernsMode: string;
    Devices: unknown[] | null;
    GroupAdd: string[] | null;
    RestartPolicy: { Name: string };
    LogConfig: { Type: string; Config: Record<string, string> | null };
  };
  Mounts: { Type: string; Name?: string; Source: string; Destination: string; RW: boolean }[];
  NetworkSettings: {
    Ports: Record<string, { HostIp: string; HostPort: string }[] | null>;
    Networks: Record<
      string,
      { IPAddress: string; GlobalIPv6Address: string; Gateway: string; Aliases: string[] | null }
    >;
  };
}

/** @param container name or id */
export async function inspect(container: string): Promise<ContainerInfo> {
  const { stdout } = await docker(['inspect', '--type', 'container', container]);
  return (JSON.parse(stdout) as ContainerInfo[])[0]!;
}

/** stdout and stderr of a container, in this order. */
export async function logs(container: string): Promise<string> {
  const { stdout, stderr } = await docker(['logs', container]);
  return stdout + stderr;
}

/** Polls `probe` until it returns something other than undefined or false; its last error is part of the failure. */
export async function waitFor<T>(
  what: string,
  probe: () => Promise<T | undefined | false>,
  { timeoutMs = 30_000, everyMs = 200 }: { timeoutMs?: number; everyMs?: number } = {},
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  let lastError: unknown;
  do {
    try {
      const value = await probe();
      if (value !== undefined && value !== false) return value;
    } catch (error) {
      if (error instanceof GaveUp) throw error;
      lastError = error;
    }
    await sleep(everyMs);
  } while (Date.now() < deadline);
  throw new Error(`${what}: not after ${timeoutMs} ms`, { cause: lastError });
}

class GaveUp extends Error {}

/** Waits for the health check to pass; fails at once, with check output and logs, when the container has ended. */
export async function waitHealthy(container: string, timeoutMs = 60_000): Promise<void> {
  await waitFor(
    `${container} healthy`,
    async () => {
      const { State } = await inspect(container);
      if (!State.Health) throw new GaveUp(`${container} has no health check`);
      if (State.Health.Status === 'healthy') return true;
      if (State.Status === 'exited' || State.Status === 'dead' || State.Health.Status === 'unhealthy') {
        const checks = (State.Health.Log ?? [])
          .map((entry) => `${entry.ExitCode}: ${entry.Output}`)
          .join('\n');
        throw new GaveUp(
          `${container} is ${State.Status}, ${State.Health.Status}\nhealth checks:\n${checks}\nlog:\n${await logs(container)}`,
        );
      }
      return false;
    },
    { timeoutMs },
  );
}

/** Waits for a container to end by itself and returns its exit code. */
export async function waitExit(container: string, timeoutMs = 60_000): Promise<number> {
  const { stdout } = await docker(['wait', container], { timeoutMs });
  return Number(stdout.trim());
}

/** Removes containers with their anonymous volumes, then the named volumes and networks; what is gone is no failure. */
export async function remove(
  resources: { containers?: string[]; volumes?: string[]; networks?: string[] } = {},
): Promise<void> {
  const { containers = [], volumes = [], networks = [] } = resources;
  if (containers.length) await docker(['rm', '--force', '--volumes', ...containers], { allowFailure: true });
  if (volumes.length) await docker(['volume', 'rm', '--force', ...volumes], { allowFailure: true });
  if (networks.length) await docker(['network', 'rm', ...networks], { allowFailure: true });
}

/**
 * Whether an engine answers; meant for `describe.runIf(requireDocker())`. Without one it says in one line that the tests
 * did not run, and under CI, where that would be a gap nobody sees, it throws.
 */
export function requireDocker(): boolean {
  const { status, stdout, stderr, error } = spawnSync(
    'docker',
    ['version', '--format', '{{.Server.Version}}'],
    {
      encoding: 'utf8',
      env: scrubbedEnvironment(),
      // An engine that is busy answers late.
      timeout: 60_000,
    },
  );
  if (status === 0 && stdout.trim()) return true;
  const reason = (error?.message ?? stderr).trim().split('\n')[0];
  if (inCi()) throw new Error(`the end-to-end tests need a Docker Engine: ${reason}`);
  process.stderr.write(`end-to-end tests did NOT run: no Docker Engine answers (${reason})\n`);
  return false;
}
