import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { edgeWorkload } from '../../../src/catalog/edge.ts';
import { fileServerConf } from '../../../src/catalog/static.ts';
import type { GeneratedFile } from '../../../src/fileset.ts';
import { renderFileServer } from '../../../src/render/file-server/index.ts';
import { renderNginx } from '../../../src/render/nginx/index.ts';
import type { EdgeStack } from '../../../src/render/nginx/validate.ts';
import { renderSampleApp } from '../../../src/render/sample/index.ts';
import { edgeLogins } from '../../../src/stack/edge-login.ts';
import { checkAnswers } from '../../../src/stack/load.ts';
import { docker, inspect, remove, run, waitFor } from '../docker.ts';
import { buildImage, ensureImages } from '../images.ts';
import { call } from './client.ts';

const { tmpfs, limits } = edgeWorkload({ challenges: false }, 2);

/** How the container of every stack is started; the same flags as in the compose file. */
const hardening = [
  '--read-only',
  '--cap-drop=ALL',
  '--security-opt=no-new-privileges',
  '--user=101:101',
  `--tmpfs=/tmp:size=${tmpfs[0]!.size},mode=1777`,
  `--memory=${limits.memory}`,
  '--pids-limit=100',
];

/** What the edge asks for on `/dash`. */
export const dashPassword = 'kV3nT8wqLr5XcY0bZs7PdM2fGh9JaE4uQi6RoNtS1yW';

export const tlsTools = 'css-test/tls-tools:1';
const upstreamScript = fileURLToPath(new URL('./upstream.mjs', import.meta.url));

export interface EdgeContainer {
  name: string;
  address: string;
  /** The parsed access log, one entry a line; a line that is not strict JSON fails. */
  accessLog(): Promise<Record<string, unknown>[]>;
  errorLog(): Promise<string>;
}

export interface NginxOptions {
  conf?: string;
  /** Its name on the network. */
  alias?: string;
  /** Where its health check answers. */
  port?: number;
  /** Symbolic links among its files, with their targets. */
  links?: Record<string, string>;
}

/** A private network with containers in it, for one test file. */
export class EdgeLab {
  readonly gateway: string;
  readonly network: string;
  readonly #folder: string;
  readonly #containers: string[] = [];
  readonly #upstreams: string[] = [];

  private constructor(network: string, folder: string, gateway: string) {
    this.network = network;
    this.#folder = folder;
    this.gateway = gateway;
  }

  static async open(): Promise<EdgeLab> {
    await ensureImages(['nginx:1.30', 'css-test/app:1']);
    await buildImage(tlsTools, fileURLToPath(new URL('../images/tls-tools/', import.meta.url)));
    const network = `css-edge-${randomBytes(4).toString('hex')}`;
    const folder = await mkdtemp(join(tmpdir(), `${network}-`));
    await chmod(folder, 0o755);
    // Internal: the host reaches the containers, they reach only each other.
    await docker(['network', 'create', '--internal', network]);
    const { stdout } = await docker([
      'network',
      'inspect',
      '-f',
      '{{(index .IPAM.Config 0).Gateway}}',
      network,
    ]);
    await certificates(join(folder, 'certs'));
    await logins(join(folder, 'secrets'));
    return new EdgeLab(network, folder, stdout.trim());
  }

  /** File with the certificate of all names, which is its own authority. */
  get certificate(): string {
    return join(this.#folder, 'certs', 'fullchain.pem');
  }

  /** Starts the app; its DNS name on the network is `alias`. */
  async startUpstream(alias: string): Promise<string> {
    this.#upstreams.push(alias);
    const name = await this.#start(`${alias}-${randomBytes(3).toString('hex')}`, [
      `--network-alias=${alias}`,
      `--volume=${upstreamScript}:/upstream.mjs:ro`,
      `--volume=${this.#folder}/certs:/certs:ro`,
      'css-test/app:1',
      'node',
      '/upstream.mjs',
    ]);
    await this.#answers(name, 3000);
    return name;
  }

  async stop(container: string): Promise<void> {
    await remove({ containers: [container] });
  }

  /**
   * Starts the edge as a stack would and waits for its health check, and until it has found the apps that are there;
   * `change`: what its user does to the files.
   */
  async startEdge(
    stack: EdgeStack,
    change: (files: GeneratedFile[]) => GeneratedFile[] = (files) => files,
  ): Promise<EdgeContainer> {
    const edge = await this.startNginx('edge', change(renderNginx(stack)));
    // An edge that is healthy may still be looking up the names of its apps.
    if (this.#upstreams.includes('web') && stack.edge.routes.some(({ app }) => app === 'web'))
      await waitFor('the app is found', async () => (await call(edge, '/')).status !== 502);
    return edge;
  }

  /** Starts the workload of a static site, by default the sample; it answers on plain HTTP alone. */
  startSite(
    singlePage = true,
    site: readonly GeneratedFile[] = renderSampleApp(),
    options: NginxOptions = {},
  ): Promise<EdgeContainer> {
    const { target } = fileServerConf(singlePage);
    return this.startNginx('site', [...siteFiles(singlePage), ...site], { ...options, conf: target });
  }

  /** Any nginx with these files, hardened like the edge. */
  async startNginx(
    kind: string,
    files: readonly GeneratedFile[],
    { conf = '/etc/secure-stack/nginx/nginx.conf', alias, port = 8080, links = {} }: NginxOptions = {},
  ): Promise<EdgeContainer> {
    const folder = await this.#write(files);
    for (const [path, target] of Object.entries(links)) await symlink(target, join(folder, path));
    const options = [...hardening, ...this.#volumes(folder), ...(alias ? [`--network-alias=${alias}`] : [])];
    const command = ['nginx', '-c', conf, '-g', 'daemon off;'];
    const name = await this.#start(`${kind}-${randomBytes(3).toString('hex')}`, [
      ...options,
      'nginx:1.30',
      ...command,
    ]);
    await this.#answers(name, port);
    const { NetworkSettings } = await inspect(name);
    return {
      name,
      address: NetworkSettings.Networks[this.network]!.IPAddress,
      accessLog: async () =>
        (await docker(['logs', name])).stdout.split('\n').filter(Boolean).map(strictJson),
      errorLog: async () => (await docker(['logs', name])).stderr,
    };
  }

  /** `nginx -t` without any network. */
  async configurationTest(files: readonly GeneratedFile[], conf: string): Promise<string> {
    const folder = await this.#write(files);
    const options = ['run', '--rm', '--network=none', ...hardening, ...this.#volumes(folder)];
    const { stderr } = await docker([...options, 'nginx:1.30', 'nginx', '-c', conf, '-t']);
    return stderr;
  }

  /** Runs a program of the TLS tools image on the network. */
  async tlsTool(command: readonly string[], input = ''): Promise<string> {
    const options = ['run', '--rm', '--interactive', `--network=${this.network}`];
    const { stdout, stderr } = await docker([...options, tlsTools, ...command], {
      input,
      allowFailure: true,
    });
    return stdout + stderr;
  }

  /** Runs a program of another image on the network, with the lab's certificates; what it prints on stdout. */
  async judge(image: string, command: readonly string[]): Promise<string> {
    const options = ['run', '--rm', `--network=${this.network}`, `--volume=${this.#folder}/certs:/certs:ro`];
    return (await docker([...options, image, ...command], { timeoutMs: 3_600_000, allowFailure: true }))
      .stdout;
  }

  /** The edge's self-test, the part inside its container: exit code and lines. */
  async selfTest({ name }: EdgeContainer): Promise<{ code: number; lines: string[] }> {
    const script = ['sh', '/etc/secure-stack/nginx/verify-inside.sh', 'marker'];
    const { code, stdout } = await docker(['exec', name, ...script], {
      allowFailure: true,
      timeoutMs: 120_000,
    });
    return { code, lines: stdout.trim().split('\n') };
  }

  /** Runs a command inside a container. */
  async exec({ name }: EdgeContainer, command: readonly string[]): Promise<string> {
    return (await docker(['exec', name, ...command])).stdout;
  }

  async close(): Promise<void> {
    await remove({ containers: this.#containers, networks: [this.network] });
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Waits until the health check of every stack passes. */
  async #answers(name: string, port: number): Promise<void> {
    const check = ['curl', '-fsS', '-o', '/dev/null', `http://127.0.0.1:${port}/health`];
    await waitFor(
      `${name} answers`,
      async () => (await docker(['exec', name, ...check], { allowFailure: true })).code === 0,
    );
  }

  async #start(suffix: string, args: readonly string[]): Promise<string> {
    const name = `${this.network}-${suffix}`;
    this.#containers.push(name);
    await docker(['run', '--detach', '--name', name, `--network=${this.network}`, ...args]);
    return name;
  }

  async #write(files: readonly GeneratedFile[]): Promise<string> {
    const folder = await mkdtemp(join(this.#folder, 'stack-'));
    await chmod(folder, 0o755);
    for (const { path, content, mode } of files) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), content, { mode });
    }
    return folder;
  }

  #volumes(folder: string): string[] {
    return [
      `--volume=${folder}/nginx:/etc/secure-stack/nginx:ro`,
      `--volume=${folder}/file-server:/etc/secure-stack/file-server:ro`,
      `--volume=${folder}/sample:/srv/site:ro`,
      `--volume=${this.#folder}/secrets:/run/secrets:ro`,
      `--volume=${this.#folder}/certs:/etc/secure-stack/certs:ro`,
    ];
  }
}

export function siteFiles(singlePage: boolean): GeneratedFile[] {
  return renderFileServer([{ command: [fileServerConf(singlePage).target] }]);
}

/** The secret files of the route `/dash`. */
async function logins(folder: string): Promise<void> {
  const { spec } = checkAnswers({
    version: 1,
    name: 'lab',
    environment: 'development',
    domains: ['localhost'],
    tls: { mode: 'dev-ca' },
    apps: { dash: { image: 'sample', routes: [{ auth: 'basic' }] } },
  });
  await mkdir(folder);
  for (const { name, content } of edgeLogins(spec!).files)
    await writeFile(
      join(folder, name),
      content(
        () => dashPassword,
        () => '',
      ),
      { mode: 0o444 },
    );
}

/** JSON by the letter: valid UTF-8, no duplicate of what a client could have injected. */
function strictJson(line: string): Record<string, unknown> {
  if (line.includes('\ufffd')) throw new Error(`not UTF-8: ${line}`);
  return JSON.parse(line) as Record<string, unknown>;
}

/** The edge's certificate and the app's own, each its own authority; readable by the containers' users. */
async function certificates(folder: string): Promise<void> {
  await mkdir(folder);
  const domains = ['a.example.test', 'b.example.test', '*.wild.example.test', 'localhost'];
  await certificate(folder, domains, 'fullchain.pem', 'privkey.pem');
  await certificate(folder, ['web.internal'], 'upstream.pem', 'upstream-key.pem');
}

async function certificate(
  folder: string,
  names: string[],
  certificateFile: string,
  keyFile: string,
): Promise<void> {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const subject = [
    '-subj',
    '/CN=lab',
    '-addext',
    `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}`,
  ];
  const output = ['-keyout', keyFile, '-out', certificateFile];
  await run('openssl', ['req', '-x509', ...key, '-days', '2', ...subject, ...output], { cwd: folder });
  await chmod(join(folder, keyFile), 0o644);
}
