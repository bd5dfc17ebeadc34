import { randomBytes } from 'node:crypto';
import { customRandom } from 'nanoid';
import type { Problem } from '../errors.ts';
import type { Secret, SecretKind } from '../stack/model.ts';

/** Gives that many random bytes; injected, so that a test can repeat a run. */
export type RandomSource = (bytes: number) => Uint8Array;

/** The operating system's generator. */
export const systemRandom: RandomSource = (bytes) => randomBytes(bytes);

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/**
 * Makes a value of 256 bits (a uuid: 122), the size RFC 7518, section 3.2, asks of an HS256 key.
 *
 * Every value starts with a letter or digit and needs no quotes anywhere: not in `.env`, a shell, YAML, SQL, a URL or an
 * argument, where a leading `-` would be taken for an option. Passwords and HMAC keys are 43 characters of
 * `[A-Za-z0-9]`, drawn by nanoid's rejection sampling: `byte % 62` would favour eight of the letters.
 *
 * @throws {Error} for the kinds that are never invented, such as `external`, and when the source is evidently broken
 */
export function generateSecret(kind: SecretKind, random: RandomSource): string {
  const bytes = guarded(random);
  switch (kind) {
    case 'password':
    case 'hmac':
      return customRandom(letters, 43, bytes)();
    case 'hex':
      return Buffer.from(bytes(32)).toString('hex');
    case 'base64':
      return firstAlphanumeric(() => Buffer.from(bytes(32)).toString('base64'));
    case 'fernet':
      return firstAlphanumeric(() => `${Buffer.from(bytes(32)).toString('base64url')}=`);
    case 'uuid':
      return uuid(bytes(16));
    case 'external':
    case 'derived':
    case 'previous':
    case 'setting':
      throw new Error(`a secret of kind ${kind} cannot be generated`);
  }
}

/**
 * Says what is wrong with a value that a person entered or edited, to stand behind the variable's name; undefined when
 * nothing is. Lenient where readers of the format are.
 */
export function checkSecretFormat(kind: SecretKind, value: string): string | undefined {
  switch (kind) {
    case 'password':
      return value.length < 16 ? 'is shorter than 16 characters' : guessable(value);
    case 'hmac':
      return Buffer.byteLength(value) < 32
        ? 'is shorter than 32 bytes, the least for HMAC-SHA256'
        : guessable(value);
    case 'hex':
      return /^[0-9A-Fa-f]{64}$/.test(value) ? guessable(value) : 'is not 64 hexadecimal digits';
    case 'base64':
      return isBase64Of32Bytes(value) ? guessable(value) : 'is not base64 of at least 32 bytes';
    case 'fernet':
      return /^[A-Za-z0-9+/_-]{43}=$/.test(value)
        ? guessable(value)
        : 'is not a Fernet key: 44 characters of URL-safe base64, the last one =';
    case 'uuid':
      return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value) ? undefined : 'is not a UUID';
    case 'external':
      return looksLikePlaceholder(value) ? 'looks like a placeholder, not like a value' : undefined;
    case 'derived':
    case 'previous':
    case 'setting':
      return undefined;
  }
}

function firstAlphanumeric(draw: () => string): string {
  let value = draw();
  // Costs 1/22 of a bit; the chance of a second round is 1 in 32.
  while (!/^[A-Za-z0-9]/.test(value)) value = draw();
  return value;
}

function uuid(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex').split('');
  hex[12] = '4';
  // The two highest bits of this digit are the variant of RFC 9562.
  hex[16] = ((Number.parseInt(hex[16]!, 16) & 0b0011) | 0b1000).toString(16);
  return hex.join('').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Says what is wrong with a setting that a person edited; undefined when nothing is. */
export function checkSetting(
  { id, values }: Pick<Secret, 'id' | 'values'>,
  value: string,
): Problem | undefined {
  if (values === undefined || values.includes(value)) return undefined;
  return {
    message: `${id} must be one of ${values.join(', ')}`,
    hint: 'only a rotation may change it: put back what it was',
  };
}

/** A source that gives too few bytes weakens a key in silence; one that repeats itself would be rejected for ever. */
function guarded(random: RandomSource): RandomSource {
  let draws = 0;
  return (count) => {
    const bytes = random(count);
    draws += 1;
    if (bytes.length !== count || draws > 100) throw new Error('the source of randomness is broken');
    return bytes;
  };
}

function isBase64Of32Bytes(value: string): boolean {
  return /^[A-Za-z0-9+/_-]+={0,2}$/.test(value) && Buffer.from(value, 'base64').length >= 32;
}

function guessable(value: string): string | undefined {
  // Even among 16 random hexadecimal digits there are fewer than 6 different ones only 4 times in 100,000.
  if (new Set(value).size < 6) return 'is made of very few different characters, so it can be guessed';
  return looksLikePlaceholder(value) ? 'looks like a placeholder, not like a secret' : undefined;
}

function looksLikePlaceholder(value: string): boolean {
  return /change.?(?:me|this)|placeholder|\.\.\.$|^<[^<>]*>$|^your[-_ ]|^x{4,}$/i.test(value);
}
