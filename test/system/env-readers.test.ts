import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { encodeEnvValue } from '../../src/secrets/env-encode.ts';
import { formatEnvFile } from '../../src/secrets/env-format.ts';
import { parseEnvFile } from '../../src/secrets/env-parse.ts';
import { generateSecret, systemRandom } from '../../src/secrets/kinds.ts';
import { awkwardValues, hostileValue, impossibleValues } from '../corpus/secret-values.ts';
import { inCi } from '../in-ci.ts';
import { type EnvReader, readers, removeTraces, whyMissing } from './env-readers/readers.ts';

const missing = new Map<EnvReader, string>();
for (const reader of readers) {
  const reason = await whyMissing(reader);
  if (reason === undefined) continue;
  missing.set(reader, reason);
  console.warn(`not compared with ${reader.name}: ${reason}`);
}
const present = readers.filter((reader) => !missing.has(reader));

afterAll(removeTraces);

const seed = Date.now();
const longest = 'x'.repeat(60_000);
const hostile = fc.sample(hostileValue, { numRuns: 2500, seed });
const generated = (['password', 'hmac', 'hex', 'base64', 'fernet', 'uuid'] as const).flatMap((kind) =>
  Array.from({ length: 100 }, () => generateSecret(kind, systemRandom)),
);

/** The values that the reader does not give back from a file, with what it made of them. */
async function altered(reader: EnvReader, text: string, expected: ReadonlyMap<string, string>) {
  let read: Record<string, string | undefined>;
  try {
    read = await reader.read(text, [...expected.keys()]);
  } catch (error) {
    return [{ refused: (error as Error).message.trim() }];
  }
  return [...expected]
    .filter(([name, value]) => read[name] !== value)
    .map(([name, value]) => ({ written: value, read: read[name] }));
}

function named(values: readonly string[]): Map<string, string> {
  return new Map(values.map((value, index) => [`V${index}`, value]));
}

/** What our encoder accepts for the reader. */
function acceptedFor(reader: EnvReader, values: readonly string[]): string[] {
  return values.filter((value) => {
    const encoded = encodeEnvValue(value);
    return encoded.ok && (encoded.dockerEnvFile || !reader.keepsQuotes);
  });
}

/** What our parser reads from a line with one variable; undefined when it refuses the line. */
function accepted(line: string): string | undefined {
  try {
    const { values } = parseEnvFile(line, '.env');
    return values.get(values.names()[0]!);
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

/** Our file, with comments as hostile as the values. */
function written(values: ReadonlyMap<string, string>): string {
  const entries = [...values].map(([key, value], index) => {
    const comment = `${hostile[index % hostile.length]}\\`;
    return { key, value, comment, notes: `## ${key}=${comment}` };
  });
  return formatEnvFile([{ title: 'all', comment: ["it's $HOME `id` \\"], entries }]);
}

it('all readers are there in CI', () => {
  const needed = [...missing].filter(([reader]) => inCi() && !reader.optional);
  expect(needed.map(([reader, reason]) => `${reader.name}: ${reason}`)).toEqual([]);
});

describe.each(present.map((reader) => [reader.name, reader] as const))('%s', (_, reader) => {
  it('reads generated values of every kind', async () => {
    expect(acceptedFor(reader, generated)).toHaveLength(600);
    const values = named(generated);
    expect(await altered(reader, written(values), values)).toEqual([]);
  });

  it('reads the awkward values that we do not refuse', async () => {
    const values = named(acceptedFor(reader, [...awkwardValues, ...impossibleValues, longest]));
    expect(values.size).toBeGreaterThan(reader.keepsQuotes ? 10 : 40);
    expect(await altered(reader, written(values), values)).toEqual([]);
  });

  it(`reads random hostile values that we do not refuse (seed ${seed})`, async () => {
    const values = named(acceptedFor(reader, hostile));
    expect(values.size).toBeGreaterThan(reader.keepsQuotes ? 100 : 500);
    expect(await altered(reader, written(values), values)).toEqual([]);
  });

  it(`understands a line as our parser does (seed ${seed})`, async () => {
    const plain = hostile.filter((text) => !/^['"]/.test(text));
    const quoted = hostile.flatMap((text) => [text, `'${text}'`, `"${text}"`]);
    const values = new Map<string, string>();
    const lines: string[] = [];
    for (const [index, text] of (reader.keepsQuotes ? plain : quoted).entries()) {
      const line = `L${index}=${text}`;
      const value = accepted(line);
      if (value === undefined) continue;
      values.set(`L${index}`, value);
      lines.push(line);
    }
    expect(values.size).toBeGreaterThan(reader.keepsQuotes ? 100 : 1000);
    expect(await altered(reader, lines.join('\n'), values)).toEqual([]);
  });

  // The comparison itself has to be able to fail: each of these encoders has been somebody's.
  it('catches a naive encoder', async () => {
    const naive: ((value: string) => string)[] = [(value) => value, (value) => JSON.stringify(value)];
    const values = named(awkwardValues);
    const caught = await Promise.all(
      naive.map((encode) =>
        altered(reader, [...values].map(([key, value]) => `${key}=${encode(value)}`).join('\n'), values),
      ),
    );
    const misread = caught.map((differences) => differences.length > 0);
    // What keeps quotes reads plain text as it stands; every other reader is wronged by both.
    expect(misread).toEqual([!reader.keepsQuotes, true]);
  });
});
