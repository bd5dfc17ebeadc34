import { type EncodedValue, encodedMark, encodeEnvValue, unusableCharacter } from './env-encode.ts';

/**
 * Spells a value that containers get by file only. This program alone reads its line in `.env`, so what no spelling can
 * say to every reader (a backslash, `it's $5`, a key of several lines) is written as base64 behind a mark.
 */
export function encodeForFiles(value: string): EncodedValue {
  const plain = encodeEnvValue(value);
  if (plain.ok) return plain;
  // Keys come in several lines.
  const unusable = unusableCharacter(value.replace(/\r?\n/g, ''));
  if (unusable) return { ok: false, reason: unusable };
  // A file has room for more, but the env file is read as a whole by everybody.
  if (Buffer.byteLength(value) > 45_000) return { ok: false, reason: 'is longer than 45000 bytes' };
  return { ok: true, text: encodedMark + Buffer.from(value).toString('base64'), dockerEnvFile: true };
}

/** The value behind an `.env` reader's one; undefined when it is marked as encoded but is not. */
export function decodeForFiles(text: string): string | undefined {
  if (!text.startsWith(encodedMark)) return text;
  const encoded = text.slice(encodedMark.length);
  const value = Buffer.from(encoded, 'base64');
  const decoded = value.toString();
  const isWhole = value.toString('base64') === encoded && Buffer.from(decoded).equals(value);
  return isWhole && encoded !== '' ? decoded : undefined;
}
