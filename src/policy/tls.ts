import type { TlsPolicyName } from '../stack/model.ts';

/*
 * TLS policy as data.
 *
 * Changelog
 * 2026-11-23  Guideline 6.0: no DHE, no "old" profile, X25519MLKEM768 first, OCSP stapling gone.
 *             Minimum nginx 1.30.7 (CVE-2026-123007 HTTP/2, CVE-2026-118899 TLS 1.3, CVE-2026-123634 resolver).
 */

/** The guideline the table below states: Mozilla's server-side TLS, continued as TLSRef (https://docs.tlsref.org). */
export const tlsGuideline = { version: '6.0', date: '2026-04-06' } as const;

export interface TlsPolicy {
  /** Values of `ssl_protocols`. */
  protocols: readonly string[];
  /** TLS 1.2 cipher suites in OpenSSL's names; empty when TLS 1.2 is off. TLS 1.3 suites are OpenSSL's own three. */
  ciphers: readonly string[];
  /** The oldest clients that can connect. */
  oldestClients: string;
}

export const tlsPolicies: Readonly<Record<TlsPolicyName, TlsPolicy>> = {
  modern: {
    protocols: ['TLSv1.3'],
    ciphers: [],
    oldestClients: 'Firefox 63, Android 10, Chrome 70, Java 11, OpenSSL 1.1.1, Safari 12.1',
  },
  intermediate: {
    protocols: ['TLSv1.2', 'TLSv1.3'],
    ciphers: [
      'ECDHE-ECDSA-AES128-GCM-SHA256',
      'ECDHE-RSA-AES128-GCM-SHA256',
      'ECDHE-ECDSA-AES256-GCM-SHA384',
      'ECDHE-RSA-AES256-GCM-SHA384',
      'ECDHE-ECDSA-CHACHA20-POLY1305',
      'ECDHE-RSA-CHACHA20-POLY1305',
    ],
    oldestClients: 'Firefox 31.3, Android 4.4.2, Chrome 49, Edge 15, Java 8u161, OpenSSL 1.0.1l, Safari 9',
  },
};

/** What the edge's image can do; decides what may stand in the configuration at all. */
export interface EdgeCapability {
  /** Tag line of the image. */
  nginx: string;
  /** OpenSSL version nginx is linked with. */
  openssl: string;
}

/** The official image `nginx:1.30` (Debian 13 and Alpine 3.24 variants both link OpenSSL 3.5). */
export const edgeImage: EdgeCapability = { nginx: '1.30', openssl: '3.5' };

/** Older releases have published memory-safety flaws in HTTP/2, map captures and the resolver. */
export const minimumNginx = '1.30.7';

const groups = ['X25519', 'prime256v1', 'secp384r1'] as const;
const postQuantumGroup = 'X25519MLKEM768';

/**
 * Key-exchange groups in order of preference. An unknown group stops nginx at start, so the post-quantum hybrid is
 * listed only from OpenSSL 3.5 on, the first release that has it.
 * @param openssl version such as `3.5` or `3.0.19`
 */
export function keyExchangeGroups(openssl: string): readonly string[] {
  const [major = 0, minor = 0] = openssl.split('.').map(Number);
  return major > 3 || (major === 3 && minor >= 5) ? [postQuantumGroup, ...groups] : groups;
}
