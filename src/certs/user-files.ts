import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { Problem } from '../errors.ts';
import { chainFindings, WRONG_ORDER } from './chain.ts';
import { keyType, readFields } from './fields.ts';
import { certificateNames, coversName } from './names.ts';
import { type PemBlock, pemBlocks } from './pem.ts';
import { DAY, dateText, validity } from './validity.ts';

/** What the user's own certificate and key are checked against. */
export interface CertificateFiles {
  certificatePem: string;
  keyPem: string;
  /** Domains and addresses the edge answers for. */
  names: readonly string[];
  now: Date;
  /** Paths as the user gave them, for the messages. */
  certificateFile: string;
  keyFile: string;
}

export interface CertificateFindings {
  /** The server would not start, or clients would refuse it. */
  problems: Problem[];
  warnings: Problem[];
}

/** From so many days before its end on a certificate of the user's is warned about. */
export const WARNING_DAYS = 14;
/** Apple refuses longer ones even under private authorities (support.apple.com/103769). */
const MAX_DAYS = 825;
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';

/**
 * Checks a certificate with its chain, and the key, as a server would use them; says everything at once.
 * Never throws for bad input, and no message holds anything of the files' content but names and dates.
 */
export function checkCertificateFiles(files: CertificateFiles): CertificateFindings {
  const found: CertificateFindings = { problems: [], warnings: [] };
  const chain = readChain(files, found);
  const key = readKey(files, found);
  const { problems, warnings } = chainFindings(chain, files.now);
  const owner = key ? chain.findIndex((certificate) => certificate.checkPrivateKey(key)) : 0;
  if (owner > 0 && !problems.includes(WRONG_ORDER)) problems.push(WRONG_ORDER);
  found.problems.push(...problems.map((problem) => ({ ...problem, file: files.certificateFile })));
  found.warnings.push(...warnings.map((warning) => ({ ...warning, file: files.certificateFile })));
  // The one the key belongs to is meant, wherever it stands.
  const leaf = chain[Math.max(owner, 0)];
  if (leaf) checkLeaf(leaf, files, found);
  if (leaf && owner < 0) {
    found.problems.push({
      file: files.keyFile,
      message: `the key does not belong to the certificate in ${files.certificateFile}`,
      hint: 'use the key that the certificate was requested with',
    });
  }
  return found;
}

/** The certificates of the file; none when one cannot be decoded, since the order is then unknown. */
function readChain({ certificatePem, certificateFile }: CertificateFiles, found: CertificateFindings) {
  const file = certificateFile;
  const blocks = pemBlocks(certificatePem);
  const certificates = blocks.filter(({ label }) => label === 'CERTIFICATE');
  const hasKey = blocks.some(({ label }) => label.endsWith('PRIVATE KEY'));
  if (certificates.length === 0) {
    found.problems.push({
      file,
      message: 'holds no certificate',
      hint: certificateHint(certificatePem, blocks),
    });
  } else if (hasKey) {
    found.problems.push({
      file,
      message: 'holds a private key next to the certificate',
      hint: 'keep the key in its own file: the certificate is public and readable by everybody',
    });
  }
  const chain: X509Certificate[] = [];
  for (const [index, { text }] of certificates.entries()) {
    try {
      const certificate = new X509Certificate(text);
      // Both are decoded on first use; failing here keeps the other checks free of that.
      readFields(certificate);
      keyType(certificate.publicKey);
      chain.push(certificate);
    } catch {
      found.problems.push({
        file,
        message: `certificate ${index + 1} is damaged`,
        hint: 'copy the file again',
      });
    }
  }
  return chain.length === certificates.length ? chain : [];
}

function certificateHint(text: string, blocks: readonly PemBlock[]): string {
  const labels = blocks.map(({ label }) => label).join();
  if (labels.includes('PRIVATE KEY')) return 'it is a key; are the two files swapped?';
  if (labels.includes('REQUEST')) return 'it is a request; the authority answers it with the certificate';
  if (labels.includes('PKCS7')) return 'convert it: openssl pkcs7 -print_certs -in FILE -out cert.pem';
  if (text.charCodeAt(0) === 0xfeff) return 'save it without a byte order mark';
  if (text.startsWith('0'))
    return 'it may be in DER form; convert it: openssl x509 -inform der -in FILE -out cert.pem';
  return 'it must contain a line -----BEGIN CERTIFICATE-----';
}

function readKey({ keyPem, keyFile }: CertificateFiles, found: CertificateFindings): KeyObject | undefined {
  const file = keyFile;
  const blocks = pemBlocks(keyPem);
  const block = blocks.find(({ label }) => label.endsWith('PRIVATE KEY'));
  if (!block) {
    const swapped = blocks.some(({ label }) => label === 'CERTIFICATE');
    found.problems.push({
      file,
      message: 'holds no private key',
      hint: swapped
        ? 'it is a certificate; are the two files swapped?'
        : 'it must contain a line -----BEGIN PRIVATE KEY-----',
    });
    return undefined;
  }
  if (block.label.startsWith('ENCRYPTED') || /^Proc-Type:.*ENCRYPTED/m.test(block.text)) {
    found.problems.push({
      file,
      message: 'the key is encrypted; the server could not start unattended',
      hint: 'decrypt it: (umask 077; openssl pkey -in FILE -out key.pem)',
    });
    return undefined;
  }
  try {
    return createPrivateKey(block.text);
  } catch {
    found.problems.push({
      file,
      message: 'the key is damaged or of an unknown kind',
      hint: 'copy the file again',
    });
    return undefined;
  }
}

function checkLeaf(leaf: X509Certificate, files: CertificateFiles, found: CertificateFindings) {
  const file = files.certificateFile;
  const { names } = readFields(leaf);
  const { notBefore, notAfter } = validity(leaf);
  const missing = certificateNames(files.names).filter((name) => !coversName(names, name));
  if (names.length === 0) {
    found.problems.push({
      file,
      message: 'the certificate has no subject alternative names',
      hint: 'clients ignore the common name; request it with alternative names',
    });
  } else if (missing.length > 0) {
    found.problems.push({
      file,
      message: `the certificate does not cover ${missing.map(({ value }) => value).join(', ')}`,
      hint: `it covers ${names.map(({ value }) => value).join(', ')}; a wildcard stands for one level`,
    });
  }
  if (leaf.ca) {
    found.problems.push({
      file,
      message: 'the certificate is that of an authority',
      hint: 'a server needs one with CA:FALSE',
    });
  }
  // Node calls the extended key usage `keyUsage`; without one every use is allowed.
  if (leaf.keyUsage !== undefined && !leaf.keyUsage.includes(SERVER_AUTH)) {
    found.problems.push({
      file,
      message: 'the certificate is not meant for servers',
      hint: 'request it for serverAuth',
    });
  }
  const left = notAfter.getTime() - files.now.getTime();
  if (left >= 0 && left <= WARNING_DAYS * DAY) {
    found.warnings.push({
      file,
      message: `the certificate expires on ${dateText(notAfter)}`,
      hint: 'renew it now',
    });
  }
  const life = Math.floor((notAfter.getTime() - notBefore.getTime()) / DAY);
  if (life > MAX_DAYS) {
    found.warnings.push({
      file,
      message: `the certificate is valid for ${life} days; Apple devices accept ${MAX_DAYS}`,
    });
  }
}
