import { isIPv4 } from 'node:net';

/**
 * An address or CIDR block with the bits behind the prefix cleared; nginx only warns about those, and compares without.
 * @param text valid according to `cidrProblem`
 */
export function canonicalCidr(text: string): string {
  const [address = '', prefix] = text.split('/');
  if (prefix === undefined) return address.toLowerCase();
  return isIPv4(address)
    ? `${printIPv4(mask(parseIPv4(address), Number(prefix), 32))}/${Number(prefix)}`
    : `${printIPv6(mask(parseIPv6(address), Number(prefix), 128))}/${Number(prefix)}`;
}

function mask(value: bigint, prefix: number, bits: number): bigint {
  const free = BigInt(bits - prefix);
  return (value >> free) << free;
}

function parseIPv4(address: string): bigint {
  return address.split('.').reduce((value, octet) => (value << 8n) | BigInt(octet), 0n);
}

function printIPv4(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.');
}

/** The URL parser knows every spelling of an IPv6 address and prints the canonical one. */
function parseIPv6(address: string): bigint {
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [head = '', tail] = canonical.split('::');
  const left = head.split(':').filter(Boolean);
  const right = (tail ?? '').split(':').filter(Boolean);
  const zeros = Array<string>(8 - left.length - right.length).fill('0');
  return [...left, ...zeros, ...right].reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}

function printIPv6(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, i) =>
    ((value >> BigInt(112 - 16 * i)) & 0xffffn).toString(16),
  );
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1);
}
