import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readDer, readOid } from '../../src/certs/der.ts';
import { derValue, integer, namedBits, oid, sequence, time, utf8 } from '../../src/certs/der-write.ts';

describe('DER', () => {
  test('what is written is read back, at every length', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 400 }),
        fc.constantFrom(0x04, 0x30, 0xa0, 0x87),
        (content, tag) => {
          const [value, ...rest] = readDer(derValue(tag, content));
          expect(rest).toEqual([]);
          expect(value!.tag).toBe(tag);
          expect([...value!.content]).toEqual([...content]);
        },
      ),
    );
    for (const length of [127, 128, 255, 256, 65_535, 65_536]) {
      expect(readDer(derValue(0x04, Buffer.alloc(length)))[0]!.content).toHaveLength(length);
    }
  });

  test('lengths have their shortest form', () => {
    expect(derValue(4, Buffer.alloc(127)).subarray(0, 2).toString('hex')).toBe('047f');
    expect(derValue(4, Buffer.alloc(128)).subarray(0, 3).toString('hex')).toBe('048180');
    expect(derValue(4, Buffer.alloc(256)).subarray(0, 4).toString('hex')).toBe('04820100');
  });

  test('object identifiers round-trip', () => {
    const arc = fc.integer({ min: 0, max: 2 ** 31 - 1 });
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 }),
        fc.integer({ min: 0, max: 39 }),
        fc.array(arc, { maxLength: 8 }),
        (first, second, rest) => {
          const dotted = [first, second, ...rest].join('.');
          expect(readOid(readDer(oid(dotted))[0]!.content)).toBe(dotted);
        },
      ),
    );
    expect(oid('1.2.840.10045.4.3.2').toString('hex')).toBe('06082a8648ce3d040302');
  });

  test('integers are positive and minimal', () => {
    expect(integer(Buffer.from([0, 0, 5])).toString('hex')).toBe('020105');
    expect(integer(Buffer.from([0x80])).toString('hex')).toBe('02020080');
    expect(integer(Buffer.from([0])).toString('hex')).toBe('020100');
  });

  test('named bits drop their zeros at the end', () => {
    expect(namedBits(0).toString('hex')).toBe('03020780');
    expect(namedBits(5, 6).toString('hex')).toBe('03020106');
    expect(namedBits(0, 8).toString('hex')).toBe('0303078080');
  });

  test('times change their form with 2050', () => {
    expect(readDer(time(new Date('2049-12-31T23:59:59.999Z')))[0]).toMatchObject({
      tag: 0x17,
      content: Buffer.from('491231235959Z'),
    });
    expect(readDer(time(new Date('2050-01-01T00:00:00Z')))[0]).toMatchObject({
      tag: 0x18,
      content: Buffer.from('20500101000000Z'),
    });
  });

  test('text is UTF-8', () => {
    expect(readDer(sequence(utf8('Bücher')))[0]!.content.toString('hex')).toBe('0c0742c3bc63686572');
  });
});
