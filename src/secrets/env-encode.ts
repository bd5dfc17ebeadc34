/**
 * Nothing in these means anything to any reader of `.env`, quoted or not: Compose, `docker run --env-file`, the shells,
 * dotenv, Node, Python, systemd. `=` is left out as the first character because zsh expands `=word`.
 */
const bare = /^[A-Za-z0-9_./:@%+,!^*?[\]{}-][A-Za-z0-9_./:@%+,!^*?[\]{}=-]*$/;

/**
 * Longest value in bytes. The kernel refuses an environment string of 128 KiB, and `docker run --env-file` a line of
 * 64 KiB; the rest is room for the name.
 */
const maxBytes = 60_000;

/** Marks an encoded value, see `encodeForFiles`. */
export const encodedMark = ':base64:';

const asFile = 'deliver it by file, and enter it with --secret-file';

export interface EncodeOptions {
  /** A consumer expands `$` even inside single quotes, as dotenv-expand does (Next.js, Vite). */
  expandsDollar?: boolean;
}

export type EncodedValue =
  | {
      ok: true;
      /** What stands behind `KEY=`. */
      text: string;
      /** Written without quotes, so that `docker run --env-file` and `format: raw`, which keep quotes, read it too. */
      dockerEnvFile: boolean;
    }
  | {
      ok: false;
      /** What about the value is impossible and what to do, to stand behind the variable's name; never the value. */
      reason: string;
    };

/**
 * Spells a value so that every reader of `.env` that understands quotes gets the same value back, or says why there is
 * no such spelling. There is none for `it's $5`, for example: Compose ends a single-quoted value at `'`, and expands
 * `$` in a double-quoted one.
 */
export function encodeEnvValue(value: string, options: EncodeOptions = {}): EncodedValue {
  const unusable = unusableCharacter(value);
  if (unusable) return { ok: false, reason: `${unusable}: ${asFile}` };
  if (Buffer.byteLength(value) > maxBytes) {
    return { ok: false, reason: `is longer than ${maxBytes} bytes, too long for an environment: ${asFile}` };
  }
  if (value.startsWith(encodedMark))
    return { ok: false, reason: `starts with ${encodedMark}, which marks encoded values: ${asFile}` };
  if (value === '' || isBare(value)) return { ok: true, text: value, dockerEnvFile: true };
  if (isSingleQuotable(value) && !(options.expandsDollar && value.includes('$'))) {
    return { ok: true, text: `'${value}'`, dockerEnvFile: false };
  }
  if (isDoubleQuotable(value)) return { ok: true, text: `"${value}"`, dockerEnvFile: false };
  return {
    ok: false,
    reason: `${conflict(value)}, which the programs that read .env disagree about: ${asFile}`,
  };
}

/** Every reader takes the text as it stands, without quotes. */
export function isBare(text: string): boolean {
  // zsh treats an assignment as a list like PATH and expands `=word` behind each colon.
  return bare.test(text) && !text.includes(':=');
}

/**
 * Inside `'…'`, a backslash is an escape to Compose and python-dotenv and none to the shells; `${` is expanded by
 * python-dotenv.
 */
export function isSingleQuotable(text: string): boolean {
  return !/['\\]|\$\{/.test(text);
}

/** Inside `"…"`, what follows `$`, a backtick or a backslash is something else in nearly every reader. */
export function isDoubleQuotable(text: string): boolean {
  return !/["$`\\]/.test(text);
}

/** What no line of `.env` can hold in any spelling; undefined when there is nothing of the kind. */
export function unusableCharacter(text: string): string | undefined {
  if (/[\r\n\u0085\u2028\u2029]/.test(text)) return 'holds a line break, which .env cannot carry';
  if (/[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/.test(text))
    return 'holds a control character, which .env cannot carry';
  if (/\ufeff/.test(text)) return 'holds an invisible byte order mark, mostly a leftover of copying';
  if (/\p{Surrogate}|\ufffd/u.test(text)) return 'holds a character that is not valid UTF-8';
  // systemd drops the whole file for one of these.
  if (/\p{Noncharacter_Code_Point}/u.test(text)) return 'holds a code point that is not a character';
  return undefined;
}

function conflict(value: string): string {
  if (value.includes('\\')) return 'holds a backslash';
  if (value.includes("'")) return `holds a single quote together with one of " $ \``;
  return value.includes('${') ? 'holds ${' : 'holds a $ that dotenv-expand would expand';
}
