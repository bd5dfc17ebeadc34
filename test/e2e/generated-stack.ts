import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../free-port.ts';
import { answered } from './answer.ts';
import { type ContainerInfo, compose, docker } from './docker.ts';
import { createSecureStack } from './generate.ts';
import type { RunOptions, RunResult } from './process.ts';

export interface StackOptions {
  /** Another engine than the machine's. */
  env?: Record<string, string>;
  /** `--env-file` and the like, where the stack's printed command has them. */
  composeOptions?: readonly string[];
}

export interface StackRequest {
  method?: string;
  /** `Host`, and the name in the TLS handshake. */
  host: string;
  /** Name in the handshake where it differs. */
  sni?: string;
  headers?: Record<string, string>;
  body?: string;
  plain?: boolean;
}

export interface StackAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** One generated stack: its folder, its Compose project, and the ways to talk to it. */
export class GeneratedStack {
  /** Where the program is run; the stack's folder is below it. */
  readonly parent: string;
  /** Project and folder name. */
  readonly name: string;
  readonly ports: { http: number; https: number };
  readonly #options: StackOptions;

  private constructor(
    parent: string,
    name: string,
    ports: { http: number; https: number },
    options: StackOptions,
  ) {
    this.parent = parent;
    this.name = name;
    this.ports = ports;
    this.#options = options;
  }

  static async open(kind: string, options: StackOptions = {}): Promise<GeneratedStack> {
    const name = `e2e-${kind}-${randomBytes(3).toString('hex')}`;
    const parent = await mkdtemp(join(tmpdir(), `${name}-`));
    // Others may look in, so that what keeps them from the secrets is the generated folders' own modes.
    await chmod(parent, 0o755);
    const [http, https] = await Promise.all([freePort(), freePort()]);
    return new GeneratedStack(parent, name, { http: http!, https: https! }, options);
  }

  get dir(): string {
    return join(this.parent, this.name);
  }

  /** Answers that keep stacks of different tests apart. */
  get edgeFlags(): string[] {
    return [
      ...['--set', `edge.ports.http=${this.ports.http}`, '--set', `edge.ports.https=${this.ports.https}`],
      ...['--set', 'edge.bind=127.0.0.1'],
    ];
  }

  /** Writes a file beside the stack's folder and returns its path. */
  async fileBeside(name: string, content: string): Promise<string> {
    const path = join(this.parent, name);
    await writeFile(path, content, { mode: 0o600 });
    return path;
  }

  /** Runs `create-secure-stack NAME --yes …` in the parent folder. */
  generate(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    return createSecureStack([this.name, '--yes', ...args], { cwd: this.parent, ...options });
  }

  read(path: string): Promise<string> {
    return readFile(join(this.dir, path), 'utf8');
  }

  compose(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    const { env = {}, composeOptions = [] } = this.#options;
    return compose(this.dir, [...composeOptions, ...args], { ...options, env: { ...env, ...options.env } });
  }

  docker(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    return docker(args, { ...options, env: { ...this.#options.env, ...options.env } });
  }

  up(): Promise<RunResult> {
    return this.compose(['up', '-d', '--wait']);
  }

  /** Container ids by service, stopped ones included. */
  async ids(): Promise<Record<string, string>> {
    const format = '{{.Label "com.docker.compose.service"}} {{.ID}}';
    const project = `label=com.docker.compose.project=${this.name}`;
    const { stdout } = await this.docker([
      'ps',
      '--all',
      '--no-trunc',
      '--filter',
      project,
      '--format',
      format,
    ]);
    return Object.fromEntries(
      stdout
        .split('\n')
        .filter(Boolean)
        .sort()
        .map((line) => line.split(' ')),
    );
  }

  /** Services whose container is another one than before, and those that came or went. */
  async recreatedSince(before: Record<string, string>): Promise<string[]> {
    const now = await this.ids();
    return [...new Set([...Object.keys(before), ...Object.keys(now)])]
      .filter((service) => before[service] !== now[service])
      .sort();
  }

  /** What the engine says about each container, by service. */
  async inspectAll(): Promise<Record<string, ContainerInfo>> {
    const ids = await this.ids();
    if (Object.keys(ids).length === 0) return {};
    const { stdout } = await this.docker(['inspect', '--type', 'container', ...Object.values(ids)]);
    const found = JSON.parse(stdout) as ContainerInfo[];
    return Object.fromEntries(Object.keys(ids).map((service, index) => [service, found[index]!]));
  }

  /** Runs a shell script in a container. */
  async shell(service: string, script: string, options: RunOptions = {}): Promise<string> {
    const { stdout } = await this.compose(['exec', '-T', service, 'sh', '-euc', script], options);
    return stdout.trim();
  }

  /** What the test application in a container answers, asked from inside of it. */
  async app(service: string, path: string): Promise<Record<string, unknown>> {
    return JSON.parse(await this.shell(service, `curl -s "http://127.0.0.1:8080${path}"`));
  }

  /** A request through the published ports; the certificate is verified against `ca` (PEM). */
  async request(
    path: string,
    { host, sni, plain, body, ...rest }: StackRequest,
    ca = '',
  ): Promise<StackAnswer> {
    const settings = {
      ...rest,
      host: '127.0.0.1',
      port: plain ? this.ports.http : this.ports.https,
      path,
      headers: { host, ...rest.headers },
      agent: false as const,
      timeout: 20_000,
    };
    const request = plain
      ? httpRequest(settings)
      : httpsRequest({ ...settings, servername: sni ?? host.replace(/:\d+$/, ''), ca });
    request.end(body);
    const { response, body: text } = await answered(request);
    return { status: response.statusCode!, headers: response.headers, body: text };
  }

  /** Takes down whatever of the project there is, whether or not its files still make sense, and deletes the folder. */
  async remove(): Promise<void> {
    const project = `label=com.docker.compose.project=${this.name}`;
    for (const [list, removal] of [
      [
        ['ps', '--all', '--quiet'],
        ['rm', '--force', '--volumes'],
      ],
      [
        ['network', 'ls', '--quiet'],
        ['network', 'rm'],
      ],
      [
        ['volume', 'ls', '--quiet'],
        ['volume', 'rm'],
      ],
    ] as const) {
      const { stdout } = await this.docker([...list, '--filter', project]);
      const found = stdout.split('\n').filter(Boolean);
      if (found.length > 0) await this.docker([...removal, ...found], { allowFailure: true });
    }
    await rm(this.parent, { recursive: true, force: true });
  }
}
