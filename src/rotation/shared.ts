import { randomBytes } from 'node:crypto';
import type { SecretValues } from '../secrets/values.ts';
import { fingerprintOf } from './ages.ts';

/** One set of values: the `.env` of an environment. */
export interface ValueSet {
  /** As the user knows it. */
  name: string;
  values: SecretValues;
}

/** A secret that two environments have in common. */
export interface SharedValue {
  id: string;
  other: string;
  otherId: string;
}

/** Shorter values, such as a port or a user name, are no secrets and may well be the same. */
const SHORTEST = 12;

/**
 * The values of `own` that stand in another environment too, under whatever name. Compared by fingerprints under a key
 * that is made for this comparison and forgotten, so that nothing that could be tried against guesses is kept.
 * @param ids the secrets of `own` to look for
 */
export function sharedValues(
  own: SecretValues,
  ids: readonly string[],
  others: readonly ValueSet[],
): SharedValue[] {
  const key = randomBytes(32).toString('hex');
  const mine = new Map(
    ids
      .filter((id) => own.get(id).length >= SHORTEST)
      .map((id) => [fingerprintOf(own.get(id), key), id] as const),
  );
  return others.flatMap(({ name, values }) =>
    values.names().flatMap((otherId) => {
      const id = mine.get(fingerprintOf(values.get(otherId), key));
      return id === undefined ? [] : [{ id, other: name, otherId }];
    }),
  );
}
