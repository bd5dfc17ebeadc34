/**
 * A user name or password for the `user:password@` part of a URL. Everything but the unreserved characters of RFC 3986,
 * section 2.3, is percent-encoded: libpq, for one, reads `p@q` as a host and refuses `#` and `?`.
 * @throws {URIError} on a lone surrogate, which has no UTF-8 form
 */
export function encodeUserinfo(value: string): string {
  return encodeURIComponent(value).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
