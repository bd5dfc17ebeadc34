import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT, UserError } from '../errors.ts';
import { type RunOptions, type RunOutcome, runDocker } from './run.ts';

/** One container of a service, as the engine describes it. */
export interface Container {
  id: string;
  service: string;
  status: 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';
  /** Absent: it has no health check. */
  health?: 'starting' | 'healthy' | 'unhealthy';
  created: Date;
  /** When it was started last. */
  started: Date;
  labels: Readonly<Record<string, string>>;
  /** `NAME=value`. May hold secrets: never to be printed. */
  environment: readonly string[];
  /** Paths of the host that are mounted into it. */
  mounts: readonly string[];
}

/** A container is there and does not do its work. */
export class Unhealthy extends UserError {}

/** Whether the container is known not to do its work. */
export function isUnwell({ status, health }: Pick<Container, 'status' | 'health'>): boolean {
  return status === 'restarting' || (status === 'running' && health === 'unhealthy');
}

/** Somebody else is at work on the same containers: it may be the docker compose of a run that was killed. */
const MEANWHILE = /already in use|already in progress|no such container/i;

/** A Compose project and the containers that run for it. */
export class ComposeProject {
  readonly name: string;
  /** Milliseconds for which docker was waited for. */
  dockerMilliseconds = 0;
  readonly #root: string;
  readonly #options: readonly string[];

  /** @param envFile relative to `root`, or absolute */
  constructor({ root, name, envFile }: { root: string; name: string; envFile: string }) {
    this.name = name;
    this.#root = root;
    this.#options = envFile === '.env' ? [] : ['--env-file', envFile];
  }

  /**
   * The project's containers, stopped ones included; with `service`, of that one.
   * @throws {UserError} when no engine answers
   */
  async containers(service?: string): Promise<Container[]> {
    const filters = [
      `label=com.docker.compose.project=${this.name}`,
      'label=com.docker.compose.oneoff=False',
      ...(service === undefined ? [] : [`label=com.docker.compose.service=${service}`]),
    ].flatMap((filter) => ['--filter', filter]);
    const list = await this.#docker(['ps', '--all', '--quiet', '--no-trunc', ...filters], 60);
    const ids = list.stdout.split('\n').filter(Boolean);
    if (ids.length === 0) return [];
    // One of them may be gone by now; the others are described all the same.
    const described = await this.#run(['inspect', '--type', 'container', ...ids], { timeoutSeconds: 60 });
    if (described.code !== 0 && !MEANWHILE.test(described.stderr)) throw refusal('inspect', described);
    return (JSON.parse(described.stdout) as Inspected[]).map(container);
  }

  /** Runs a program in a container. */
  exec(id: string, argv: readonly string[], input: string, timeoutSeconds = 60): Promise<RunOutcome> {
    return this.#run(['exec', '--interactive', id, ...argv], { input, timeoutSeconds });
  }

  /**
   * Starts containers of a service until there are `count` of them, and those it depends on where they do not run; no
   * container is replaced. Without `--no-deps`, which would count as another configuration: the next `docker compose up`
   * would make the container anew.
   */
  async up(service: string, count: number): Promise<void> {
    const args = [
      'compose',
      ...this.#options,
      ...['--ansi', 'never', '--progress', 'quiet', 'up', '--detach', '--no-recreate', '--quiet-pull'],
      ...['--scale', `${service}=${count}`, service],
    ];
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#docker(args);
        return;
      } catch (error) {
        if (attempt === 5 || !MEANWHILE.test((error as Error).message)) throw error;
        await sleep(2000);
      }
    }
  }

  /** Lets a container finish what it is doing, within its own grace period, and removes it. */
  async remove(id: string): Promise<void> {
    await this.#docker(['stop', id]);
    await this.#docker(['rm', id]);
  }

  /** The same container once more; files that are mounted into it are looked up anew. */
  async restart(id: string): Promise<void> {
    await this.#docker(['restart', id]);
  }

  /**
   * Whether the project's volume exists, which means that a service has set up its data. One that was restored from a
   * backup has the name only, without Compose's labels.
   */
  async hasVolume(name: string): Promise<boolean> {
    const full = `${this.name}_${name}`;
    const [labelled, named] = await Promise.all([
      this.#volumes(
        `label=com.docker.compose.project=${this.name}`,
        `label=com.docker.compose.volume=${name}`,
      ),
      this.#volumes(`name=${full}`),
    ]);
    return labelled.length > 0 || named.includes(full);
  }

  async #volumes(...filters: readonly string[]): Promise<string[]> {
    const options = filters.flatMap((filter) => ['--filter', filter]);
    const { stdout } = await this.#docker(['volume', 'ls', '--quiet', ...options], 60);
    return stdout.split('\n').filter(Boolean);
  }

  /**
   * Waits until a container is healthy, or runs if it has no health check.
   * @throws {UserError} when it ends, or is not healthy in time
   */
  async healthy(id: string, service: string, timeoutSeconds = 300): Promise<void> {
    const deadline = Date.now() + timeoutSeconds * 1000;
    for (;;) {
      const found = (await this.containers(service)).find((one) => one.id === id);
      if (found === undefined) throw failed(service, 'its new container is gone');
      if (found.status === 'running' && (found.health ?? 'healthy') === 'healthy') return;
      if (found.status === 'exited' || found.status === 'dead')
        throw failed(service, 'its new container ended');
      if (found.health === 'unhealthy') throw failed(service, 'its new container is unhealthy');
      if (Date.now() > deadline) throw failed(service, `not healthy within ${timeoutSeconds} s`);
      await sleep(250);
    }
  }

  async #run(args: readonly string[], options: RunOptions): Promise<RunOutcome> {
    const started = performance.now();
    try {
      return await runDocker(args, options);
    } finally {
      this.dockerMilliseconds += performance.now() - started;
    }
  }

  async #docker(args: readonly string[], timeoutSeconds = 900): Promise<RunOutcome> {
    const outcome = await this.#run(args, { cwd: this.#root, timeoutSeconds });
    if (outcome.code === 0) return outcome;
    throw refusal(args[0]!, outcome);
  }
}

function refusal(command: string, { code, stderr }: RunOutcome): UserError {
  const reason = stderr.trim().split('\n').at(-1) ?? '';
  const message = `docker ${command}: ${reason.replace(/^Error[^:]*: /, '') || `ended with ${code}`}`;
  // `up` starts what a container depends on, and gives up when that is not healthy.
  return new (/dependency failed to start|is unhealthy/.test(reason) ? Unhealthy : UserError)(
    { message },
    EXIT.failed,
  );
}

function failed(service: string, what: string): Unhealthy {
  return new Unhealthy(
    { message: `${service}: ${what}`, hint: `docker compose logs ${service}` },
    EXIT.failed,
  );
}

/** The part of `docker inspect` that is read here. */
interface Inspected {
  Id: string;
  Created: string;
  State: { Status: Container['status']; StartedAt: string; Health?: { Status: string } };
  Mounts?: { Source?: string }[];
  Config: { Env: string[] | null; Labels: Record<string, string> | null };
}

function container({
  Id: id,
  Created: created,
  State: state,
  Mounts: mounts,
  Config: config,
}: Inspected): Container {
  const labels = config.Labels ?? {};
  const health = state.Health?.Status;
  return {
    id,
    service: labels['com.docker.compose.service'] ?? '',
    status: state.Status,
    created: new Date(created),
    started: new Date(state.StartedAt),
    ...(health === 'starting' || health === 'healthy' || health === 'unhealthy' ? { health } : {}),
    labels,
    environment: config.Env ?? [],
    mounts: (mounts ?? []).flatMap(({ Source: source }) => source ?? []),
  };
}
