/**
 * A value as a bare nftables token: number, CIDR, interface name or counter name.
 * nftables has no quoting that holds for all of these, so anything else is refused.
 * @throws {TypeError} on any other character
 */
export function nftToken(value: string): string {
  if (!/^[A-Za-z0-9_.:/*-]+$/.test(value))
    throw new TypeError(`not an nftables token: ${JSON.stringify(value)}`);
  return value;
}
