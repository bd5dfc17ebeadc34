import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { parseEnvFile } from '../../../src/secrets/env-parse.ts';
import { waitFor } from '../docker.ts';
import { createSecureStack } from '../generate.ts';
import { GeneratedStack } from '../generated-stack.ts';
import { ensureImages } from '../images.ts';
import { type RunResult, run, scrubbedEnvironment } from '../process.ts';

const program =
  process.env['CSS_BIN'] ?? fileURLToPath(new URL('../../../bin/create-secure-stack.js', import.meta.url));
const killer = new URL('./kill.mjs', import.meta.url).href;

/**
 * Runs `rotate …` in a stack's folder, with a shell command at a record of the journal (see kill.mjs).
 * @param env for an engine of its own
 */
export function rotateStruck(
  dir: string,
  { at, command, env = {} }: { at: string; command: string; env?: Record<string, string> },
  ...args: string[]
): Promise<RunResult> {
  return run(process.execPath, ['--import', killer, program, 'rotate', ...args, '--yes'], {
    cwd: dir,
    env: { ...env, KILL_AT: at, INSTEAD: command },
    allowFailure: true,
    timeoutMs: 300_000,
  });
}

/**
 * The gap that docs/rotation.md names costs a request or two; anything else, a refused login first of all, is a fault.
 * @param faults what the edge says to it
 */
export function expectHardlyAny(failures: Load['failures'], faults?: string): void {
  expect(
    failures.filter(({ what }) => !what.startsWith('504 ')),
    faults,
  ).toEqual([]);
  expect(failures.length).toBeLessThanOrEqual(2);
}

/** One line tells what failed, and the ways out of it. */
export function expectWaysOut({ code, stderr }: RunResult, what: RegExp): void {
  const errors = stderr.match(/^error: .*/gm);
  expect({ code, errors, stderr }).toEqual({
    code: 1,
    errors: [expect.stringMatching(what)],
    stderr: expect.stringMatching(/^error: .*rotate --resume .*rotate --rollback .*\n$/m),
  });
}

/** A running stack to rotate. */
export class RotationStack {
  readonly stack: GeneratedStack;

  private constructor(stack: GeneratedStack) {
    this.stack = stack;
  }

  /**
   * Generates and starts a stack.
   * @param answers YAML below the name, the domains and the edge
   * @param quick apps whose health is asked for every second, so that nobody waits for it
   */
  static async start(
    kind: string,
    answers: string,
    { secretFiles = {}, quick }: { secretFiles?: Record<string, string>; quick: readonly string[] },
  ): Promise<RotationStack> {
    await ensureImages(['postgres:18.6-trixie', 'redis:8.10.1-trixie', 'nginx:1.30', 'css-test/app:1']);
    const stack = await GeneratedStack.open(kind);
    try {
      await RotationStack.#bringUp(stack, answers, { secretFiles, quick });
      return new RotationStack(stack);
    } catch (error) {
      await stack.remove();
      throw error;
    }
  }

  static async #bringUp(
    stack: GeneratedStack,
    answers: string,
    { secretFiles, quick }: { secretFiles: Record<string, string>; quick: readonly string[] },
  ): Promise<void> {
    const config = await stack.fileBeside(
      'answers.yaml',
      `version: 1
name: ${stack.name}
environment: development
domains: [localhost, vars.localhost]
tls: { mode: dev-ca }
edge: { limits: { requestsPerSecond: 1000, burst: 1000 } }
${answers}`,
    );
    const supplied: string[] = [];
    for (const [name, value] of Object.entries(secretFiles))
      supplied.push('--secret-file', `${name}=${await stack.fileBeside(`${name}.txt`, `${value}\n`)}`);
    await stack.generate(['--config', config, ...supplied, ...stack.edgeFlags]);
    const services = Object.fromEntries(quick.map((app) => [app, { healthcheck: { interval: '1s' } }]));
    await writeFile(join(stack.dir, 'docker-compose.override.yml'), JSON.stringify({ services }));
    await stack.up();
  }

  /** Runs `create-secure-stack rotate …` on the stack. */
  rotate(...args: string[]): Promise<RunResult> {
    return this.run('rotate', ...args);
  }

  run(command: string, ...args: string[]): Promise<RunResult> {
    return createSecureStack([command, ...args], {
      cwd: this.stack.dir,
      allowFailure: true,
      timeoutMs: 300_000,
    });
  }

  /** Runs it and ends it like `kill -9`: at a record of the journal (see kill.mjs), or after some milliseconds. */
  rotateKilled(at: string | number, ...args: string[]): Promise<'killed' | 'done'> {
    const child = spawn(process.execPath, ['--import', killer, program, 'rotate', ...args], {
      cwd: this.stack.dir,
      env: scrubbedEnvironment(typeof at === 'string' ? { KILL_AT: at } : {}),
      stdio: 'ignore',
    });
    const timer = typeof at === 'number' ? setTimeout(() => child.kill('SIGKILL'), at) : undefined;
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => {
        clearTimeout(timer);
        if (signal === 'SIGKILL') resolve('killed');
        else if (code === 0) resolve('done');
        else reject(new Error(`rotate ended with ${code ?? signal}`));
      });
    });
  }

  /** The values of `.env` by name. */
  env(): Record<string, string> {
    const { values } = parseEnvFile(readFileSync(join(this.stack.dir, '.env'), 'utf8'), '.env');
    return Object.fromEntries(values.names().map((name) => [name, values.get(name)]));
  }

  /** The secret files by name. */
  secretFiles(): Record<string, string> {
    const folder = join(this.stack.dir, 'secrets');
    return Object.fromEntries(
      readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
    );
  }

  get isOpen(): boolean {
    return existsSync(join(this.stack.dir, 'secrets', '.rotation.json'));
  }

  /** Hash of a value that a container sees, by variable or file. */
  async seen(service: string, name: string): Promise<string> {
    return (await this.stack.app(service, `/env?name=${name}`))['sha256'] as string;
  }

  /** Whether PostgreSQL lets a role in over the network, from an app's container. */
  async postgresAccepts(service: string, role: string, password: string): Promise<boolean> {
    return this.#accepts(
      service,
      'IFS= read -r PGPASSWORD; export PGPASSWORD; psql -X -w -h postgres -U "$0" -d app -Atc "select 1"',
      [role],
      password,
      /authentication failed|not permitted to log in/,
    );
  }

  /** The same for a user of Redis. */
  async redisAccepts(service: string, user: string, password: string): Promise<boolean> {
    return this.#accepts(
      service,
      'IFS= read -r word; printf "AUTH %s %s\\nPING\\n" "$0" "$word" | redis-cli -h redis | grep -qx PONG || { echo WRONGPASS >&2; exit 1; }',
      [user],
      password,
      /WRONGPASS/,
    );
  }

  /** Both backends work for an app with what it has. */
  async expectWorking(service: string): Promise<void> {
    await waitFor(
      `${service} reaches its services`,
      async () => {
        const [db, cache] = [await this.stack.app(service, '/db'), await this.stack.app(service, '/cache')];
        return Array.isArray(db['rows']) && cache['value'] === 'cached';
      },
      { timeoutMs: 30_000, everyMs: 300 },
    );
  }

  async #accepts(
    service: string,
    script: string,
    words: string[],
    input: string,
    refusal: RegExp,
  ): Promise<boolean> {
    const { code, stderr } = await this.stack.compose(['exec', '-T', service, 'sh', '-c', script, ...words], {
      input: `${input}\n`,
      allowFailure: true,
    });
    if (code === 0) return true;
    if (refusal.test(stderr)) return false;
    throw new Error(stderr);
  }
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Requests through the edge, one after another for each path, until it is stopped. */
export class Load {
  readonly #stack: GeneratedStack;
  readonly #ca: string;
  readonly #loops: Promise<void>[];
  #stopped = false;
  /** Number of answers by path and status. */
  readonly answers = new Map<string, number>();
  readonly failures: { path: string; at: number; what: string }[] = [];

  constructor(stack: GeneratedStack, targets: readonly { host: string; path: string }[]) {
    this.#stack = stack;
    this.#ca = readFileSync(join(stack.dir, 'certs/ca/ca.crt'), 'utf8');
    this.#loops = targets.map((target) => this.#loop(target));
  }

  async stop(): Promise<this> {
    this.#stopped = true;
    await Promise.all(this.#loops);
    return this;
  }

  total(): number {
    return [...this.answers.values()].reduce((sum, count) => sum + count, 0);
  }

  async #loop({ host, path }: { host: string; path: string }): Promise<void> {
    while (!this.#stopped) {
      const at = Date.now();
      const what = await this.#stack.request(path, { host }, this.#ca).then(
        ({ status, body }) => (status === 200 ? '200' : `${status} ${body.slice(0, 200)}`),
        (error: Error) => error.message,
      );
      const key = `${host}${path} ${what.slice(0, 3)}`;
      this.answers.set(key, (this.answers.get(key) ?? 0) + 1);
      if (what !== '200') this.failures.push({ path: `${host}${path}`, at, what });
      await sleep(20);
    }
  }
}

/** Every command line on the machine that holds one of the texts, seen in samples taken all the time. */
export class ArgumentWatch {
  readonly found = new Set<string>();
  samples = 0;
  #stopped = false;
  readonly #loop: Promise<void>;
  readonly #texts: () => readonly string[];

  constructor(texts: () => readonly string[]) {
    this.#texts = texts;
    this.#loop = this.#watch();
  }

  async stop(): Promise<this> {
    this.#stopped = true;
    await this.#loop;
    return this;
  }

  async #watch(): Promise<void> {
    const seen = new Set<string>();
    while (!this.#stopped) {
      for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
        try {
          seen.add(readFileSync(`/proc/${pid}/cmdline`, 'latin1'));
        } catch {
          // It has ended.
        }
      }
      this.samples += 1;
      await sleep(10);
    }
    // Looked through at the end, when the new values are known too.
    for (const line of seen)
      if (this.#texts().some((text) => line.includes(text))) this.found.add(line.split('\0')[0]!);
  }
}
