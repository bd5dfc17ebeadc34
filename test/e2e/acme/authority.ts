import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createAuthority } from '../../../src/certs/authority.ts';
import { issueLeaf } from '../../../src/certs/leaf.ts';
import { docker, logs, waitFor } from '../docker.ts';
import { ensureImages } from '../images.ts';

/** Name and directory of the authority inside of the tests' networks. */
export const DIRECTORY = 'https://ca.test:14000/dir';

export interface AuthorityOptions {
  /** Lifetime of what it issues; default 90 days. */
  validSeconds?: number;
  /** How long it ponders over each proof. */
  pondersSeconds?: number;
}

/**
 * An ACME authority in a container, with a name server of its own. It forgets everything when it ends: accounts,
 * certificates, and the root that it signs with.
 */
export class AcmeAuthority {
  readonly #folder: string;
  readonly #name: string;
  /** Of the directory's own TLS. */
  readonly caPem: string;

  private constructor(folder: string, name: string, caPem: string) {
    this.#folder = folder;
    this.#name = name;
    this.caPem = caPem;
  }

  /** @param parent a folder of the test's */
  static async open(parent: string, project: string): Promise<AcmeAuthority> {
    await ensureImages(['css-test/pebble:1']);
    const folder = join(parent, 'pebble');
    await mkdir(folder);
    const now = new Date();
    const authority = await createAuthority({ stackName: 'pebble', domains: ['ca.test'], now });
    const leaf = await issueLeaf({ authority, names: ['ca.test'], now });
    await writeFile(join(folder, 'cert.pem'), leaf.certificatePem);
    await writeFile(join(folder, 'key.pem'), leaf.keyPem);
    return new AcmeAuthority(folder, `${project}-pebble`, authority.certificatePem);
  }

  /**
   * @param networks names of networks: the first that of the ACME client, the others those of whom it validates
   */
  async start(
    networks: readonly string[],
    { validSeconds = 90 * 86_400, pondersSeconds = 0 }: AuthorityOptions = {},
  ): Promise<void> {
    await this.stop();
    const pebble = {
      listenAddress: '0.0.0.0:14000',
      managementListenAddress: '127.0.0.1:15000',
      certificate: '/pebble/cert.pem',
      privateKey: '/pebble/key.pem',
      // The edge's own port: the networks of the containers know nothing of published ones.
      httpPort: 8080,
      tlsPort: 8443,
      keyAlgorithm: 'ecdsa',
      retryAfter: { authz: 1, order: 1 },
      profiles: { default: { description: 'default', validityPeriod: validSeconds } },
    };
    await writeFile(join(this.#folder, 'config.json'), JSON.stringify({ pebble }));
    const ponders = pondersSeconds === 0 ? 'PEBBLE_VA_NOSLEEP=1' : `PEBBLE_VA_SLEEPTIME=${pondersSeconds}`;
    await docker([
      ...['create', '--name', this.#name, '--network', networks[0]!, '--network-alias', 'ca.test'],
      ...['--volume', `${this.#folder}:/pebble:ro`, '--env', ponders],
      // Every order is proved anew, and no request fails for sport.
      ...['--env', 'PEBBLE_AUTHZREUSE=0', '--env', 'PEBBLE_WFE_NONCEREJECT=0', 'css-test/pebble:1'],
    ]);
    for (const network of networks.slice(1)) await docker(['network', 'connect', network, this.#name]);
    await docker(['start', this.#name]);
    await waitFor('the authority', async () => (await this.root()).includes('BEGIN CERTIFICATE'));
  }

  async stop(): Promise<void> {
    await docker(['rm', '--force', '--volumes', this.#name], { allowFailure: true });
  }

  /** The root that issues at this moment. */
  async root(): Promise<string> {
    return (await this.#curl(['-k', 'https://127.0.0.1:15000/roots/0'])).trim();
  }

  /** Lets a name lead to an address; none: the name does not resolve. */
  async resolve(host: string, address: string | undefined): Promise<void> {
    await this.#curl(['-d', JSON.stringify({ host }), 'http://127.0.0.1:8055/clear-a']);
    if (address !== undefined)
      await this.#curl(['-d', JSON.stringify({ host, addresses: [address] }), 'http://127.0.0.1:8055/add-a']);
  }

  /** Its own address in a network. */
  async address(network: string): Promise<string> {
    return addressIn(this.#name, network);
  }

  log(): Promise<string> {
    return logs(this.#name);
  }

  async #curl(args: readonly string[]): Promise<string> {
    return (await docker(['exec', this.#name, 'curl', '-fsS', ...args])).stdout;
  }
}

export async function addressIn(container: string, network: string): Promise<string> {
  const format = `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`;
  return (await docker(['inspect', '--format', format, container])).stdout.trim();
}
