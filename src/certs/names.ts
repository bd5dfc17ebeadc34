import { isIPv4 } from 'node:net';
import { domainToASCII } from 'node:url';
import { domainCovers } from '../stack/domains.ts';

/** A name in a certificate: a DNS name in punycode, perhaps with `*.` before it, or an address in canonical form. */
export interface CertificateName {
  type: 'dns' | 'ip';
  value: string;
}

/** What a certificate authority may issue for: these names with all below them, and these blocks of addresses. */
export interface PermittedNames {
  dns: readonly string[];
  /** CIDR blocks. */
  ip: readonly string[];
}

/** Names that every development certificate covers, so that a service can be tried without any name server. */
export const LOCAL_NAMES = ['localhost', '127.0.0.1', '::1'] as const;

/**
 * Reads a name as the stack has it: a domain, `*.domain`, or an address.
 * @throws {TypeError} when it is none of these; names are validated when stack.yaml is loaded
 */
export function certificateName(name: string): CertificateName {
  if (isIPv4(name) || looksIPv6(name)) return { type: 'ip', value: canonicalAddress(name) };
  const wildcard = name.startsWith('*.') ? '*.' : '';
  const ascii = domainToASCII(name.slice(wildcard.length));
  if (ascii === '' || ascii.includes('*') || isIPv4(ascii))
    throw new TypeError(`${JSON.stringify(name)} is no name for a certificate`);
  return { type: 'dns', value: wildcard + ascii };
}

/** The names in order, each once. */
export function certificateNames(names: readonly string[]): CertificateName[] {
  const unique = new Map(names.map(certificateName).map((name) => [`${name.type} ${name.value}`, name]));
  return [...unique.values()];
}

/** Whether a certificate with `names` is valid for `wanted`; a wildcard stands for exactly one label (RFC 6125 §6.4.3). */
export function coversName(names: readonly CertificateName[], wanted: CertificateName): boolean {
  return names.some(
    ({ type, value }) =>
      type === wanted.type &&
      (type === 'ip' ? value === wanted.value : domainCovers(value.toLowerCase(), wanted.value)),
  );
}

/** What an authority for these names has to permit. */
export function permittedFor(names: readonly string[]): PermittedNames {
  const wanted = certificateNames(names);
  const domains = wanted.filter(({ type }) => type === 'dns').map(({ value }) => value.replace(/^\*\./, ''));
  const addresses = wanted
    .filter(({ type }) => type === 'ip')
    .map(({ value }) => `${value}/${looksIPv6(value) ? 128 : 32}`);
  return {
    dns: [...new Set([...domains, 'localhost', 'test', 'internal'])],
    ip: [...new Set(['127.0.0.0/8', '::1/128', ...addresses])],
  };
}

/** Whether the name lies within what is permitted (RFC 5280 §4.2.1.10). */
export function permitsName(permitted: PermittedNames, { type, value }: CertificateName): boolean {
  if (type === 'dns') {
    const base = value.replace(/^\*\./, '');
    return permitted.dns.some((allowed) => base === allowed || base.endsWith(`.${allowed}`));
  }
  const bits = addressBits(value);
  return permitted.ip.some((block) => {
    const [address = '', prefix] = block.split('/');
    const base = addressBits(address);
    return base.length === bits.length && bits.startsWith(base.slice(0, Number(prefix)));
  });
}

/** The address in an iPAddress: 4 or 16 bytes in network order. */
export function addressFromBytes(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) throw new RangeError('an address has 4 or 16 bytes');
  return canonicalAddress(Buffer.from(bytes).toString('hex').match(/.{4}/g)!.join(':'));
}

/** The bytes of an iPAddress: an address, or for name constraints a block as address and mask (RFC 5280 §4.2.1.10). */
export function addressBytes(text: string): Buffer {
  const [address = '', prefix] = text.split('/');
  const bits = addressBits(canonicalAddress(address));
  const mask = prefix === undefined ? '' : '1'.repeat(Number(prefix)).padEnd(bits.length, '0');
  return Buffer.from((bits + mask).match(/.{8}/g)!.map((byte) => Number.parseInt(byte, 2)));
}

/** By its colon: no other name has one, and the first call of Node's own `isIPv6` compiles for milliseconds. */
function looksIPv6(name: string): boolean {
  return name.includes(':');
}

/** RFC 5952 form, in which equal addresses are equal strings. */
function canonicalAddress(address: string): string {
  if (!looksIPv6(address)) return address;
  const url = `http://[${address}]/`;
  if (!/^[0-9a-f:.]+$/i.test(address) || !URL.canParse(url)) {
    throw new TypeError(`${JSON.stringify(address)} is no IPv6 address`);
  }
  return new URL(url).hostname.slice(1, -1);
}

/** The 32 or 128 bits of an address in canonical form as zeros and ones. */
function addressBits(address: string): string {
  if (!looksIPv6(address))
    return address
      .split('.')
      .map((part) => bitsOf(part, 10, 8))
      .join('');
  const [head, tail] = address.split('::').map((side) =>
    side
      .split(':')
      .filter(Boolean)
      .map((part) => bitsOf(part, 16, 16))
      .join(''),
  );
  return tail === undefined ? head! : head! + tail.padStart(128 - head!.length, '0');
}

function bitsOf(text: string, radix: number, width: number): string {
  return Number.parseInt(text, radix).toString(2).padStart(width, '0');
}
