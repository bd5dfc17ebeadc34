import { expect, test } from 'vitest';
import { strippedFor } from '../../src/policy/request-headers.ts';

/** What nginx's gRPC module and the snippet set besides. */
const OTHERS = [
  ...['Content-Length', 'TE', 'Host', 'Connection', 'Transfer-Encoding', 'Keep-Alive', 'Expect', 'Upgrade'],
  ...[
    'X-Real-IP',
    'X-Forwarded-For',
    'X-Forwarded-Proto',
    'X-Forwarded-Host',
    'X-Forwarded-Port',
    'X-Request-ID',
  ],
];

/** Whether a table of so many buckets of 64 bytes holds the names, by nginx's ngx_hash_init on a 64-bit machine. */
function fits(names: readonly string[], buckets: number): boolean {
  const used = new Map<number, number>();
  for (const name of names) {
    let key = 0n;
    for (const letter of name.toLowerCase())
      key = BigInt.asUintN(64, key * 31n + BigInt(letter.charCodeAt(0)));
    const bucket = Number(key % BigInt(buckets));
    const bytes = (used.get(bucket) ?? 0) + 8 + Math.ceil((name.length + 2) / 8) * 8;
    if (bytes > 64 - 8) return false;
    used.set(bucket, bytes);
  }
  return true;
}

const someSize = (names: readonly string[]): boolean =>
  Array.from({ length: 511 }, (_, index) => index + 1).some((buckets) => fits(names, buckets));

test('what a gRPC route removes fits the one table that nginx has for it; what HTTP removes would not', () => {
  const names = (directive: 'proxy' | 'grpc') => strippedFor(directive).flatMap((group) => group.names);
  expect(someSize([...OTHERS, ...names('grpc')])).toBe(true);
  expect(someSize([...OTHERS, ...names('proxy')])).toBe(false);
});

test('each name is removed once', () => {
  const names = strippedFor('proxy').flatMap((group) => group.names.map((name) => name.toLowerCase()));
  expect(names.length).toBe(new Set(names).size);
});
