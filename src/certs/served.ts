import type { X509Certificate } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';

export interface EdgeAddress {
  host: string;
  port: number;
  /** Name in the handshake; absent for an edge that is reached by its address. */
  servername?: string;
}

/** Where a stack's edge is reached from its own host. */
export function edgeAddress({
  edge,
  domains,
}: {
  edge: { bind?: string | undefined; publicPorts: { https: number } };
  domains: readonly string[];
}): EdgeAddress {
  const servername = domains.find((domain) => /[a-z]/.test(domain) && !/^\*\.|:/.test(domain));
  const wildcard = domains.find((domain) => domain.startsWith('*.'));
  const name = servername ?? wildcard?.replace('*', 'www');
  return {
    host: edge.bind ?? '127.0.0.1',
    port: edge.publicPorts.https,
    ...(name === undefined ? {} : { servername: name }),
  };
}

/** For so long nginx lets the workers of before a reload accept connections, and a good deal more. */
const OLD_WORKERS_MS = 500;

/**
 * Waits until every client gets a certificate, for so long.
 * @param fingerprint SHA-256, as `X509Certificate.fingerprint256` has it
 * @returns at once when nobody answers
 */
export async function waitUntilServed(
  address: EdgeAddress,
  fingerprint: string,
  seconds: number,
): Promise<'served' | 'another' | 'no answer'> {
  const deadline = Date.now() + seconds * 1000;
  let seen = false;
  for (;;) {
    const served = (await servedCertificate(address))?.fingerprint256;
    if (served === undefined) return 'no answer';
    if (served === fingerprint) {
      if (seen) return 'served';
      seen = true;
      await sleep(OLD_WORKERS_MS);
      continue;
    }
    if (Date.now() > deadline) return 'another';
    seen = false;
    await sleep(250);
  }
}

/**
 * The certificate that a client gets at this moment, whoever issued it; undefined when nobody answers. What it is
 * compared with decides, not whether this machine trusts it.
 */
export function servedCertificate(
  { host, port, servername }: EdgeAddress,
  timeoutMs = 3000,
): Promise<X509Certificate | undefined> {
  return new Promise((resolve) => {
    const socket = connect({
      host,
      port,
      ...(servername === undefined ? {} : { servername }),
      rejectUnauthorized: false,
      timeout: timeoutMs,
    });
    const end = (certificate?: X509Certificate): void => {
      socket.destroy();
      resolve(certificate);
    };
    socket.once('secureConnect', () => end(socket.getPeerX509Certificate()));
    socket.once('error', () => end());
    socket.once('timeout', () => end());
  });
}
