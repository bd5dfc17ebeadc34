/**
 * Writes DER (ITU-T X.690), as far as certificates need it. The general ASN.1 libraries do the same, but loading one
 * costs more than everything else a run does; what is written here is read back by OpenSSL's strict checks in the tests.
 */
export function derValue(tag: number, content: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([tag, ...lengthBytes(content.length)]), content]);
}

export const sequence = (...values: readonly Uint8Array[]): Buffer => derValue(0x30, Buffer.concat(values));
export const set = (...values: readonly Uint8Array[]): Buffer => derValue(0x31, Buffer.concat(values));
export const octets = (content: Uint8Array): Buffer => derValue(0x04, content);
export const utf8 = (text: string): Buffer => derValue(0x0c, Buffer.from(text));
export const isTrue = (): Buffer => derValue(0x01, Buffer.from([0xff]));

/** A non-negative integer from its bytes, the most significant first. */
export function integer(bytes: Uint8Array): Buffer {
  const start = bytes.findIndex((byte) => byte !== 0);
  const trimmed = start < 0 ? Buffer.from([0]) : bytes.subarray(start);
  return derValue(0x02, trimmed[0]! & 0x80 ? Buffer.concat([Buffer.from([0]), trimmed]) : trimmed);
}

/** A context-specific tag around a whole value (`explicit`), or in place of its own tag (`implicit`). */
export const explicit = (number: number, ...values: readonly Uint8Array[]): Buffer =>
  derValue(0xa0 | number, Buffer.concat(values));
export const implicit = (number: number, content: Uint8Array): Buffer => derValue(0x80 | number, content);

/** A bit string of whole bytes, such as a signature. */
export const bits = (content: Uint8Array): Buffer =>
  derValue(0x03, Buffer.concat([Buffer.from([0]), content]));

/** A list of named bits, numbered from 0; DER drops the zero bits at the end. */
export function namedBits(...numbers: readonly number[]): Buffer {
  const last = Math.max(...numbers);
  const bytes = Buffer.alloc(Math.floor(last / 8) + 1);
  for (const number of numbers) bytes[Math.floor(number / 8)]! |= 0x80 >> (number % 8);
  return derValue(0x03, Buffer.concat([Buffer.from([7 - (last % 8)]), bytes]));
}

/** An object identifier from its dotted form. */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return derValue(0x06, Buffer.from([first * 40 + second, ...rest].flatMap(base128)));
}

/** UTCTime up to 2049 and GeneralizedTime from 2050 on, whole seconds (RFC 5280, section 4.1.2.5). */
export function time(date: Date): Buffer {
  const digits = `${date.toISOString().replace(/[-:T]|\.\d+Z$/g, '')}Z`;
  return date.getUTCFullYear() < 2050
    ? derValue(0x17, Buffer.from(digits.slice(2)))
    : derValue(0x18, Buffer.from(digits));
}

function lengthBytes(length: number): number[] {
  if (length < 0x80) return [length];
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return [0x80 | bytes.length, ...bytes];
}

function base128(number: number): number[] {
  const bytes = [number % 128];
  for (let rest = Math.floor(number / 128); rest > 0; rest = Math.floor(rest / 128))
    bytes.unshift(0x80 | (rest % 128));
  return bytes;
}
