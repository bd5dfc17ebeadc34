import { isIPv4, isIPv6 } from 'node:net';
import { domainToASCII, domainToUnicode } from 'node:url';

export type NameKind = 'name' | 'wildcard' | 'ip' | 'localhost';

/** A name or address the edge answers for. */
export interface DomainName {
  /** Lower case, punycode; IPv6 without brackets. */
  ascii: string;
  /** As people read it; differs from `ascii` only for internationalised names. */
  unicode: string;
  kind: NameKind;
  /** A public certificate authority can issue for it. */
  public: boolean;
}

/** Top-level names that no public certificate authority issues for (RFC 6761, RFC 8375, RFC 9476, ICANN `.internal`). */
const PRIVATE_SUFFIXES = [
  'test',
  'example',
  'invalid',
  'localhost',
  'local',
  'internal',
  'home.arpa',
  'alt',
  'onion',
];

/**
 * Reads one domain answer. The raw string is judged before any conversion, because the WHATWG conversion
 * silently drops paths, line breaks and full-width look-alikes.
 * @throws {Error} with a message for the user, lower case, without the domain itself
 */
export function parseDomain(raw: string): DomainName {
  if (raw === '') throw new Error('must not be empty');
  if (/\p{Cc}|\p{Cf}|\s/u.test(raw))
    throw new Error('must not contain spaces, line breaks or invisible characters');
  if (isAddress6(raw.replace(/^\[(.*)\]$/, '$1'))) {
    const address = raw.replace(/^\[(.*)\]$/, '$1').toLowerCase();
    if (address.includes('%')) throw new Error('must be an address without a zone');
    return { ascii: canonicalIPv6(address), unicode: address, kind: 'ip', public: false };
  }
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(raw))
    throw new Error('must be a name alone, without https:// or a path');
  if (/:\d+$/.test(raw)) throw new Error('must be a name without a port; ports are set under edge.ports');
  const wildcard = raw.startsWith('*.');
  const bare = wildcard ? raw.slice(2) : raw;
  // Most names are plain ones, and the tables of all letters take a millisecond to load.
  const odd = /^[a-z0-9.-]*$/i.test(bare) ? null : bare.match(/[^\p{L}\p{M}\p{N}.-]/u);
  if (odd) throw new Error(`must not contain ${JSON.stringify(odd[0])}`);
  if (bare.normalize('NFKC').toLowerCase() !== bare.normalize('NFC').toLowerCase()) {
    throw new Error(
      'contains look-alike characters (full-width or styled letters); type it with ordinary ones',
    );
  }
  if (isIPv4(bare)) {
    if (wildcard) throw new Error('an address cannot have a wildcard');
    return { ascii: bare, unicode: bare, kind: 'ip', public: false };
  }
  if (/(?:^|\.)\d+$/.test(bare)) throw new Error('is neither a valid IPv4 address nor a domain name');
  const ascii = domainToASCII(bare).toLowerCase();
  const problem = asciiProblem(ascii, bare);
  if (problem) throw new Error(problem);
  if (ascii === 'localhost') {
    if (wildcard)
      throw new Error('browsers accept no certificate for *.localhost; name each host, e.g. app.localhost');
    return { ascii, unicode: ascii, kind: 'localhost', public: false };
  }
  const labels = ascii.split('.');
  if (labels.length < 2) throw new Error('must have at least two parts, such as example.com');
  const prefix = wildcard ? '*.' : '';
  return {
    ascii: prefix + ascii,
    unicode: prefix + domainToUnicode(ascii),
    kind: wildcard ? 'wildcard' : 'name',
    public: !PRIVATE_SUFFIXES.some((suffix) => ascii === suffix || ascii.endsWith(`.${suffix}`)),
  };
}

/** Whether a certificate or server name `pattern` (maybe `*.example.com`) covers `name`; a wildcard covers one level. */
export function domainCovers(pattern: string, name: string): boolean {
  if (pattern === name) return true;
  return (
    pattern.startsWith('*.') && name.indexOf('.') > 0 && name.slice(name.indexOf('.')) === pattern.slice(1)
  );
}

/** Whether an address is reached from its own machine only. */
export function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}

/**
 * Whether the text is a CIDR block or a single address, IPv4 or IPv6. Bits beyond the prefix may be set: they mean nothing,
 * and are cleared where a program would mind (`canonicalCidr`).
 * @returns what is wrong, or undefined
 */
export function cidrProblem(text: string): string | undefined {
  const [address = '', prefix, ...rest] = text.split('/');
  const version = isAddress6(address) ? 6 : isIPv4(address) ? 4 : 0;
  if (version === 0 || address.includes('%') || rest.length > 0)
    return 'must be an address or a CIDR block such as 203.0.113.0/24';
  // ::ffff:192.0.2.1 would be packets of IPv4, which no rule for IPv6 ever sees.
  if (version === 6 && address.includes('.')) return 'must be written as the IPv4 address that it is';
  if (prefix === undefined) return undefined;
  if (!/^(?:0|[1-9]\d{0,2})$/.test(prefix) || Number(prefix) > (version === 4 ? 32 : 128))
    return `has no valid prefix length after "/"`;
  return undefined;
}

/** Whether an IPv4 block as a whole is for networks of one's own (RFC 1918, RFC 6598). */
export function isPrivateBlock(block: string): boolean {
  const [a = 0, b = 0, , , bits = 32] = block.split(/[./]/).map(Number);
  return (
    a === 10 ||
    (bits >= 12 && a === 172 && b >> 4 === 1) ||
    (bits >= 16 && a === 192 && b === 168) ||
    (bits >= 10 && a === 100 && b >> 6 === 1)
  );
}

function asciiProblem(ascii: string, bare: string): string | undefined {
  if (ascii === '') return 'is not a valid domain name';
  if (bare.endsWith('.')) return 'must not end with a dot';
  if (ascii.length > 253) return 'is longer than 253 characters';
  for (const label of ascii.split('.')) {
    if (label === '') return 'has an empty part between two dots';
    if (label.length > 63) return 'has a part longer than 63 characters';
    if (!/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/.test(label))
      return 'has a part that starts or ends with "-" or holds other than letters, digits and "-"';
  }
  return undefined;
}

/** Node compiles the pattern of its IPv6 check on the first use, which costs more than reading a whole stack.yaml. */
function isAddress6(text: string): boolean {
  return text.includes(':') && isIPv6(text);
}

function canonicalIPv6(address: string): string {
  return new URL(`http://[${address}]/`).hostname.slice(1, -1);
}
