import type { X509Certificate } from 'node:crypto';

/** Milliseconds. */
export const DAY = 86_400_000;

export function validity(certificate: X509Certificate): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(certificate.validFrom), notAfter: new Date(certificate.validTo) };
}

/** `2026-02-22`, in UTC. */
export function dateText(date: Date): string {
  return date.toISOString().slice(0, 10);
}
