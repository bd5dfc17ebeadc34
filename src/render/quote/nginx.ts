/**
 * A value as an nginx string: quoted, and refused when it holds what nginx cannot escape.
 * nginx has no escape for `$` (it always starts a variable), so such values are rejected, not changed.
 * @throws {TypeError} on `$`, `"`, `\`, `{`, `}`, `;` or a control character
 */
export function nginxString(value: string): string {
  if (/["\\${};\p{Cc}]/u.test(value))
    throw new TypeError(`not representable in nginx configuration: ${JSON.stringify(value)}`);
  return /^[A-Za-z0-9._:/@*+,=%[\]^~?&-]+$/.test(value) ? value : `"${value}"`;
}

/** A literal text as the part of a quoted nginx (PCRE) regular expression that matches exactly it. */
export function nginxRegex(value: string): string {
  if (/["\\$;\p{Cc}]/u.test(value))
    throw new TypeError(`not representable in nginx configuration: ${JSON.stringify(value)}`);
  return value.replace(/[.*+?^{}()|[\]-]/g, '\\$&');
}
