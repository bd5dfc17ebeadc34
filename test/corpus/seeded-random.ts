import { createHash } from 'node:crypto';
import type { RandomSource } from '../../src/secrets/kinds.ts';

/** Randomness that repeats: the SHA-256 of the seed and a counter. For tests only. */
export function seededRandom(seed: string): RandomSource {
  let counter = 0;
  return (count) => {
    const chunks: Buffer[] = [];
    for (let size = 0; size < count; size += 32) {
      chunks.push(createHash('sha256').update(`${seed} ${counter}`).digest());
      counter += 1;
    }
    return Buffer.concat(chunks).subarray(0, count);
  };
}
