/** A value of DER (ITU-T X.690), undecoded. */
export interface DerValue {
  /** Identifier byte, e.g. 0x30 for SEQUENCE. */
  tag: number;
  content: Buffer;
}

/**
 * The values that stand one after the other in `bytes`: those of a whole file, or of a SEQUENCE's content.
 * @throws {RangeError} when the bytes end early or use a form that DER or X.509 does not have
 */
export function readDer(bytes: Buffer): DerValue[] {
  const values: DerValue[] = [];
  let at = 0;
  while (at < bytes.length) {
    const tag = bytes.readUInt8(at);
    if ((tag & 0x1f) === 0x1f) throw new RangeError('tags of several bytes do not occur in X.509');
    let length = bytes.readUInt8(at + 1);
    let start = at + 2;
    if (length >= 0x80) {
      const size = length & 0x7f;
      if (size < 1 || size > 4) throw new RangeError('the length is indefinite or too large');
      length = bytes.readUIntBE(start, size);
      start += size;
    }
    if (start + length > bytes.length) throw new RangeError('the value is longer than what holds it');
    values.push({ tag, content: bytes.subarray(start, start + length) });
    at = start + length;
  }
  return values;
}

/** The dotted form of an OBJECT IDENTIFIER's content. */
export function readOid(content: Buffer): string {
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of content) {
    arc = arc * 128 + (byte & 0x7f);
    if (byte & 0x80) continue;
    // The first two arcs share one number; the first is 0, 1 or 2.
    if (arcs.length === 0)
      arcs.push(Math.min(Math.floor(arc / 40), 2), arc - Math.min(Math.floor(arc / 40), 2) * 40);
    else arcs.push(arc);
    arc = 0;
  }
  return arcs.join('.');
}
