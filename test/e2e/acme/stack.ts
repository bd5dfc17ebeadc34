import { X509Certificate } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import { type AcmeState, parseAcmeState } from '../../../src/certs/acme-state.ts';
import { servedCertificate } from '../../../src/certs/served.ts';
import type { StackInput } from '../../../src/stack/schema.ts';
import { waitFor } from '../docker.ts';
import { GeneratedStack } from '../generated-stack.ts';
import { ensureImages } from '../images.ts';
import { type AcmeAuthority, addressIn, DIRECTORY } from './authority.ts';

/** Where the authority's own CA lies in the stack's folder. */
const DIRECTORY_CA = 'given/directory-ca.pem';

/** Seconds instead of hours, for the client's patience and the edge's. */
const impatient = (environment: Record<string, string>) => ({
  services: {
    acme: {
      environment: {
        ACME_CHECK_SECONDS: '5',
        ACME_RETRY_SECONDS: '4',
        ACME_RETRY_MOST_SECONDS: '12',
        ...environment,
      },
      healthcheck: { interval: '1s' },
    },
    edge: { environment: { CERTIFICATE_CHECK_SECONDS: '1' }, healthcheck: { interval: '1s' } },
  },
});

export interface AcmeStackOptions {
  domains: readonly string[];
  tls?: Partial<StackInput['tls']>;
  /** For generating. */
  flags?: readonly string[];
}

/** A stack in mode acme whose authority is one in a container. */
export class AcmeStack {
  readonly stack: GeneratedStack;
  readonly #domains: readonly string[];

  private constructor(stack: GeneratedStack, domains: readonly string[]) {
    this.stack = stack;
    this.#domains = domains;
  }

  static async open(kind: string): Promise<GeneratedStack> {
    await ensureImages(['nginx:1.30', 'goacme/lego:v4.35.2']);
    return GeneratedStack.open(kind);
  }

  static async generate(
    stack: GeneratedStack,
    authority: AcmeAuthority,
    { domains, tls = {}, flags = [] }: AcmeStackOptions,
  ): Promise<AcmeStack> {
    const answers = {
      version: 1,
      name: stack.name,
      environment: 'production',
      domains: [...domains],
      tls: {
        mode: 'acme',
        terms: 'accepted',
        email: 'ops@example.com',
        directory: DIRECTORY,
        directoryCa: DIRECTORY_CA,
        ...tls,
      },
      apps: { web: { image: 'sample', routes: [{ path: '/' }] } },
    };
    const config = await stack.fileBeside('answers.yaml', stringify(answers));
    await stack.generate(['--config', config, ...stack.edgeFlags, ...flags]);
    await mkdir(join(stack.dir, 'given'));
    await writeFile(join(stack.dir, DIRECTORY_CA), authority.caPem);
    const acme = new AcmeStack(stack, domains);
    await acme.configure({});
    return acme;
  }

  /** Settings of the client beyond those of the tests. */
  async configure(environment: Record<string, string>): Promise<void> {
    const text = stringify(impatient(environment));
    await writeFile(join(this.stack.dir, 'docker-compose.override.yml'), text);
  }

  /** The networks of client and edge, which the authority has to be in, and the edge's address in its own. */
  async networks(): Promise<{ names: [string, string]; edge: string }> {
    const names: string[] = [];
    for (const network of ['acme-outside', 'edge-outside']) {
      const filters = [
        `label=com.docker.compose.project=${this.stack.name}`,
        `label=com.docker.compose.network=${network}`,
      ].flatMap((filter) => ['--filter', filter]);
      const { stdout } = await this.stack.docker(['network', 'ls', '--format', '{{.Name}}', ...filters]);
      names.push(stdout.trim());
    }
    const edge = await addressIn((await this.stack.ids())['edge']!, names[1]!);
    return { names: names as [string, string], edge };
  }

  /** What a client of the published port gets. */
  async served(): Promise<X509Certificate> {
    const certificate = await servedCertificate({
      host: '127.0.0.1',
      port: this.stack.ports.https,
      servername: this.#domains[0]!.replace('*', 'www'),
    });
    if (certificate === undefined) throw new Error('nobody answers');
    return certificate;
  }

  /** Another certificate, on every connection from now on. */
  async servedAnother(than: X509Certificate, timeoutMs = 60_000): Promise<X509Certificate> {
    const another = await waitFor(
      'another certificate is served',
      async () => {
        const now = await this.served();
        return now.fingerprint256 === than.fingerprint256 ? undefined : now;
      },
      { timeoutMs },
    );
    // On a reload nginx starts the new workers, and leaves the old ones in place for a tenth of a second more.
    await sleep(1000);
    return another;
  }

  async onDisk(): Promise<X509Certificate> {
    return new X509Certificate(await this.stack.read('certs/live/fullchain.pem'));
  }

  async state(): Promise<AcmeState | undefined> {
    return parseAcmeState(await readFile(join(this.stack.dir, 'certs/acme/status'), 'utf8').catch(() => ''));
  }

  /** Waits for an attempt that ended after this call, with that result. */
  async attempt(result: AcmeState['result'], timeoutMs = 90_000): Promise<AcmeState> {
    const before = await this.state();
    return waitFor(
      `an attempt that ${result}`,
      async () => {
        const state = await this.state();
        const isNew =
          state && (state.time > (before?.time ?? new Date(0)) || state.request !== before?.request);
        return isNew && state.result === result ? state : undefined;
      },
      { timeoutMs },
    );
  }

  /** Takes away a file of the client's. */
  async lose(path: string): Promise<void> {
    await rm(join(this.stack.dir, 'certs/acme', path));
  }
}
