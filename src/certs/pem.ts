import { X509Certificate } from 'node:crypto';

/** A certificate and the private key that belongs to it. */
export interface CertificatePair {
  /** PEM; more than one certificate is a chain, the leaf first. */
  certificatePem: string;
  /** PKCS#8 PEM, not encrypted. Secret: never to be logged or shown. */
  keyPem: string;
}

export interface PemBlock {
  /** Such as `CERTIFICATE` or `PRIVATE KEY`. */
  label: string;
  /** The block with its BEGIN and END lines. */
  text: string;
}

/** The blocks of a PEM file in order; text around them is skipped, as OpenSSL does, and so is a block without end. */
export function pemBlocks(text: string): PemBlock[] {
  const blocks: PemBlock[] = [];
  let open: { label: string; lines: string[] } | undefined;
  for (const line of text.split(/\r?\n/)) {
    const [, boundary, label] = /^-----(BEGIN|END) ([A-Z0-9 ]+)-----\s*$/.exec(line) ?? [];
    if (boundary === 'BEGIN') open = { label: label!, lines: [] };
    open?.lines.push(line.trimEnd());
    if (boundary !== 'END' || !open) continue;
    if (label === open.label) blocks.push({ label, text: `${open.lines.join('\n')}\n` });
    open = undefined;
  }
  return blocks;
}

/**
 * The certificates of a PEM file in order.
 * @throws {Error} when one cannot be decoded
 */
export function readCertificates(pem: string): X509Certificate[] {
  return pemBlocks(pem)
    .filter((block) => block.label === 'CERTIFICATE')
    .map((block) => new X509Certificate(block.text));
}
