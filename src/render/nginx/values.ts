import { isIPv4 } from 'node:net';

/**
 * A rate as nginx counts it: whole requests per second, or per minute for what is not whole.
 * @param perSecond above 0; the smallest rate nginx can express is one a minute
 */
export function rate(perSecond: number): string {
  return Number.isInteger(perSecond) ? `${perSecond}r/s` : `${Math.max(1, Math.round(perSecond * 60))}r/m`;
}

/** Whole seconds until such a limit lets the next request in. */
export function secondsBetween(perSecond: number): number {
  return Math.ceil(Number.isInteger(perSecond) ? 1 / perSecond : 60 / Number.parseInt(rate(perSecond), 10));
}

/** Arguments of `limit_req`; `nodelay`: a burst is served at once, what exceeds it is refused, nothing waits. */
export function limitRequest(zone: string, burst: number): string {
  return burst > 0 ? `zone=${zone} burst=${burst} nodelay` : `zone=${zone} nodelay`;
}

/**
 * A size such as `512k` or `10m` in bytes; undefined when it is none, or zero, which nginx takes for "no limit".
 */
export function sizeInBytes(size: string): number | undefined {
  const match = /^([1-9]\d{0,9})([kmg]?)$/i.exec(size);
  if (!match) return undefined;
  const unit = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 }[match[2]!.toLowerCase()];
  return Number(match[1]) * unit!;
}

/** Whether one of the stack's domains is an address; no name holds a colon. (Node's own pattern for IPv6 takes 5 ms.) */
export function isAddress(domain: string): boolean {
  return domain.includes(':') || isIPv4(domain);
}

/** A domain or address as it stands in a URL, in `Host` and in `server_name`. */
export function urlHost(domain: string): string {
  return domain.includes(':') ? `[${domain}]` : domain;
}

/** `:8443`, or nothing for the scheme's own port. */
export function portSuffix(port: number, ordinary: number): string {
  return port === ordinary ? '' : `:${port}`;
}

export function indent(text: string, spaces: number): string {
  return text.trimEnd().replace(/\n(?=[^\n])/g, `\n${' '.repeat(spaces)}`);
}
