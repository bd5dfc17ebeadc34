/**
 * A value as an nginx string: quoted, and refused when it holds what nginx cannot escape.
 * nginx has no escape for `$` (it always starts a variable), so such values are rejected, not changed.
 * @throws {TypeError} on `$`, `"`, `\`, `{`, `}`, `;` or a control character
 */
export function nginxString(value: string): string {
  if (/[{};]/.test(value)) refuse(value);
  return /^[A-Za-z0-9._:/@*+,=%[\]^~?&-]+$/.test(value) ? value : nginxQuoted(value);
}

/**
 * A value as an nginx string that is always in double quotes, inside which `;`, `{` and `}` are plain text:
 * for header values such as a Content-Security-Policy.
 * @throws {TypeError} on `$`, `"`, `\` or a control character
 */
export function nginxQuoted(value: string): string {
  if (/["\\$\p{Cc}]/u.test(value)) refuse(value);
  return `"${value}"`;
}

/**
 * A literal text as the part of a quoted nginx (PCRE) regular expression that matches exactly it.
 * @throws {TypeError} on `$`, `"`, `\`, `;` or a control character
 */
export function nginxRegex(value: string): string {
  if (/["\\$;\p{Cc}]/u.test(value)) refuse(value);
  return value.replace(/[.*+?^{}()|[\]-]/g, '\\$&');
}

function refuse(value: string): never {
  throw new TypeError(`not representable in nginx configuration: ${JSON.stringify(value)}`);
}
