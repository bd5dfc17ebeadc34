import { BlockList } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readDer, readOid } from '../../src/certs/der.ts';
import {
  addressFromBytes,
  certificateName,
  certificateNames,
  coversName,
  permitsName,
  permittedFor,
} from '../../src/certs/names.ts';
import { pemBlocks } from '../../src/certs/pem.ts';

describe('names', () => {
  test.each([
    ['Shop.Example.com', { type: 'dns', value: 'shop.example.com' }],
    ['*.bücher.test', { type: 'dns', value: '*.xn--bcher-kva.test' }],
    ['127.0.0.1', { type: 'ip', value: '127.0.0.1' }],
    ['0:0::1', { type: 'ip', value: '::1' }],
    ['::ffff:1.2.3.4', { type: 'ip', value: '::ffff:102:304' }],
  ])('%s is read', (name, expected) => {
    expect(certificateName(name)).toEqual(expected);
  });

  test.each([
    '',
    '*.',
    '*.*.example.com',
    '*.10.0.0.1',
    'a b',
    '1:2',
    '::1]/[',
    'fe80::1%eth0',
    'a.test:443',
  ])('%j is refused', (name) => {
    expect(() => certificateName(name)).toThrow(TypeError);
  });

  test('equal names are one', () => {
    expect(certificateNames(['a.test', 'A.test', '::1', '0::1'])).toHaveLength(2);
  });

  test('a wildcard covers one level, and never an address', () => {
    const names = [certificateName('*.shop.test'), { type: 'dns' as const, value: '*.0.0.1' }];
    expect(coversName(names, certificateName('a.shop.test'))).toBe(true);
    expect(coversName(names, certificateName('shop.test'))).toBe(false);
    expect(coversName(names, certificateName('a.b.shop.test'))).toBe(false);
    expect(coversName(names, certificateName('10.0.0.1'))).toBe(false);
  });

  test('constraints hold at label boundaries', () => {
    const permitted = permittedFor(['*.shop.example']);
    for (const name of [
      'shop.example',
      '*.shop.example',
      'a.b.shop.example',
      'x.test',
      'localhost',
      '127.9.9.9',
    ]) {
      expect(permitsName(permitted, certificateName(name)), name).toBe(true);
    }
    for (const name of [
      'workshop.example',
      'example',
      'shop.example.org',
      '128.0.0.1',
      '::2',
      '::ffff:7f00:1',
    ]) {
      expect(permitsName(permitted, certificateName(name)), name).toBe(false);
    }
  });

  test('address blocks agree with those of Node', () => {
    const versions = [
      { family: 'ipv4' as const, address: fc.ipV4(), bits: 32 },
      { family: 'ipv6' as const, address: fc.ipV6(), bits: 128 },
    ];
    for (const { family, address, bits } of versions) {
      fc.assert(
        fc.property(address, fc.nat(bits), address, fc.boolean(), (base, prefix, other, same) => {
          const value = certificateName(same ? base : other).value;
          const list = new BlockList();
          list.addSubnet(base, prefix, family);
          const permitted = { dns: [], ip: [`${certificateName(base).value}/${prefix}`] };
          expect(permitsName(permitted, { type: 'ip', value })).toBe(list.check(value, family));
        }),
      );
    }
  });
});

describe('bytes', () => {
  test('addresses are in canonical form', () => {
    expect(addressFromBytes(Uint8Array.of(10, 0, 0, 255))).toBe('10.0.0.255');
    const bytes = Uint8Array.from([0xfd, ...Array(14).fill(0), 5]);
    expect(addressFromBytes(bytes)).toBe('fd00::5');
    expect(() => addressFromBytes(Uint8Array.of(1))).toThrow(RangeError);
  });

  test.each([
    ['2a864886f70d01010b', '1.2.840.113549.1.1.11'],
    ['551d11', '2.5.29.17'],
    ['883703', '2.999.3'],
    ['2b', '1.3'],
  ])('object identifier %s is %s', (hex, dotted) => {
    expect(readOid(Buffer.from(hex, 'hex'))).toBe(dotted);
  });

  test('any bytes are read whole or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          const read = readDer(Buffer.from(bytes));
          expect(read.reduce((sum, { content }) => sum + content.length, 0)).toBeLessThanOrEqual(
            bytes.length,
          );
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
  });

  test.each(['30', '3002ff', '3080', '30850000000000', '1f01'])('%s is refused', (hex) => {
    expect(() => readDer(Buffer.from(hex, 'hex'))).toThrow(RangeError);
  });
});

describe('PEM', () => {
  test('finds blocks among text, with any line ends', () => {
    const text =
      'Bag\r\n-----BEGIN A B-----\r\nx\r\n-----END A B-----\r\ntext\n-----BEGIN C-----\n-----END C-----';
    expect(pemBlocks(text)).toEqual([
      { label: 'A B', text: '-----BEGIN A B-----\nx\n-----END A B-----\n' },
      { label: 'C', text: '-----BEGIN C-----\n-----END C-----\n' },
    ]);
  });

  test('a block without its end is none', () => {
    expect(pemBlocks('-----BEGIN A-----\nx\n-----END B-----\n')).toEqual([]);
    expect(
      pemBlocks('-----BEGIN A-----\n-----BEGIN B-----\n-----END B-----').map(({ label }) => label),
    ).toEqual(['B']);
    expect(pemBlocks('  -----BEGIN A-----\n-----END A-----')).toEqual([]);
  });
});
