/**
 * How old each secret is: a file beside the secrets that holds dates and keyed fingerprints, never a value. The
 * fingerprint tells a value that was changed by hand, whose age starts anew.
 */
import { createHmac } from 'node:crypto';
import { EXIT, UserError } from '../errors.ts';
import type { GeneratedFile } from '../fileset.ts';
import type { RandomSource } from '../secrets/kinds.ts';
import type { SecretValues } from '../secrets/values.ts';
import type { Secret, SecretStore } from '../stack/model.ts';

export interface SecretAge {
  /** ISO 8601: when this program first saw the secret. */
  created: string;
  /** ISO 8601: when the value last changed; absent while it is the first one. */
  rotated?: string;
  fingerprint: string;
}

export interface Ages {
  /** Key of the fingerprints, hexadecimal: without it a short secret could be guessed and tried. */
  key: string;
  secrets: Readonly<Record<string, SecretAge>>;
}

const FORMAT = 1;

export function agesPath({ directory }: Pick<SecretStore, 'directory'>): string {
  return `${directory}/.ages.json`;
}

/** @throws {UserError} exit 3 when it was damaged: ages that are made up would hide what is due */
export function parseAges(text: string, file: string): Ages {
  try {
    const { format, key, secrets } = JSON.parse(text) as Ages & { format?: number };
    const dated = (value: string | undefined): boolean =>
      value === undefined || !Number.isNaN(new Date(value).getTime());
    const entries = Object.values(secrets);
    if (
      format === FORMAT &&
      /^[0-9a-f]{64}$/.test(key) &&
      entries.every(
        ({ created, rotated, fingerprint }) => created && fingerprint && dated(created) && dated(rotated),
      )
    )
      return { key, secrets };
  } catch {
    // Told below.
  }
  throw new UserError(
    {
      file,
      message: 'is damaged or from a newer version',
      hint: 'delete it and run create-secure-stack on the folder: the age of every secret starts anew',
    },
    EXIT.refused,
  );
}

/**
 * The ages after a run: an unknown secret is new, a value other than the recorded one was changed now, the rest stays.
 * The same values give the same ages.
 */
export function updateAges(
  known: Ages | undefined,
  {
    secrets,
    values,
    now,
    random,
  }: {
    secrets: readonly Secret[];
    values: SecretValues;
    now: Date;
    random: RandomSource;
  },
): Ages {
  const key = known?.key ?? Buffer.from(random(32)).toString('hex');
  const aged = secrets.filter(
    ({ id, kind }) => kind !== 'derived' && kind !== 'setting' && values.get(id) !== '',
  );
  return {
    key,
    secrets: Object.fromEntries(
      aged.map(({ id }): [string, SecretAge] => {
        const fingerprint = fingerprintOf(values.get(id), key);
        const before = known?.secrets[id];
        if (before === undefined) return [id, { created: now.toISOString(), fingerprint }];
        if (before.fingerprint === fingerprint) return [id, before];
        return [id, { created: before.created, rotated: now.toISOString(), fingerprint }];
      }),
    ),
  };
}

export function agesFile(ages: Ages, store: Pick<SecretStore, 'directory'>): GeneratedFile {
  const content = `${JSON.stringify({ format: FORMAT, ...ages }, null, 2)}\n`;
  return { path: agesPath(store), content, mode: 0o600, class: 'secret' };
}

/** HMAC-SHA256 of a value, cut to 128 bits. @param key hexadecimal */
export function fingerprintOf(value: string, key: string): string {
  return createHmac('sha256', Buffer.from(key, 'hex')).update(value).digest('hex').slice(0, 32);
}
