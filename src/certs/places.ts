import type { GeneratedFile } from '../fileset.ts';
import type { TlsMode } from '../stack/model.ts';
import type { CertificatePair } from './pem.ts';

/** Places of the certificates in a stack's folder. */
export const CERTIFICATES = {
  authority: 'certs/ca/ca.crt',
  authorityKey: 'certs/ca/ca.key',
  leaf: 'certs/live/fullchain.pem',
  leafKey: 'certs/live/privkey.pem',
} as const;

/** The development CA that is to follow, while devices learn to trust it beside the present one. */
export const NEXT_AUTHORITY = { certificate: 'certs/ca/next.crt', key: 'certs/ca/next.key' } as const;

export type CertificatePlace =
  | (typeof CERTIFICATES)[keyof typeof CERTIFICATES]
  | (typeof NEXT_AUTHORITY)[keyof typeof NEXT_AUTHORITY];

/**
 * The edge's user is not the owner of what it serves, so that key is 0444; the folder above it is 0700, which keeps
 * everybody else on the host out, as with the secret files.
 */
const TABLE: Readonly<Record<CertificatePlace, { mode: number; secret: boolean }>> = {
  [CERTIFICATES.authority]: { mode: 0o644, secret: false },
  [CERTIFICATES.authorityKey]: { mode: 0o600, secret: true },
  [NEXT_AUTHORITY.certificate]: { mode: 0o644, secret: false },
  [NEXT_AUTHORITY.key]: { mode: 0o600, secret: true },
  [CERTIFICATES.leaf]: { mode: 0o644, secret: false },
  [CERTIFICATES.leafKey]: { mode: 0o444, secret: true },
};

/** Every place, with the permissions of the file in it; `secret` ones hold a private key. */
export const certificatePlaces = Object.entries(TABLE).map(([path, { mode, secret }]) => ({
  path: path as CertificatePlace,
  mode,
  secret,
}));

/** Places that a stack always has files in. */
export function placesOf(mode: TlsMode): CertificatePlace[] {
  const served = [CERTIFICATES.leaf, CERTIFICATES.leafKey];
  return mode === 'dev-ca' ? [CERTIFICATES.authority, CERTIFICATES.authorityKey, ...served] : served;
}

/** What the edge serves. */
export function liveFiles({ certificatePem, keyPem }: CertificatePair): GeneratedFile[] {
  return [certificateFile(CERTIFICATES.leaf, certificatePem), certificateFile(CERTIFICATES.leafKey, keyPem)];
}

/** A certificate or key as a file of the stack; never shown in a diff and never merged. */
export function certificateFile(path: CertificatePlace, content: string): GeneratedFile {
  return { path, content, mode: TABLE[path].mode, class: 'secret' };
}
