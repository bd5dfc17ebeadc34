import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { encodeEnvValue } from '../../src/secrets/env-encode.ts';
import { checkSecretFormat, generateSecret, systemRandom } from '../../src/secrets/kinds.ts';
import { checkKnownKey, knownKey, knownKeyNames } from '../../src/secrets/known-keys.ts';
import { encodeUserinfo } from '../../src/secrets/userinfo.ts';
import { seededRandom } from '../corpus/seeded-random.ts';

const generatedKinds = ['password', 'hmac', 'hex', 'base64', 'fernet', 'uuid'] as const;
const shapes = {
  password: /^[A-Za-z0-9]{43}$/,
  hmac: /^[A-Za-z0-9]{43}$/,
  hex: /^[0-9a-f]{64}$/,
  base64: /^[A-Za-z0-9][A-Za-z0-9+/]{42}=$/,
  fernet: /^[A-Za-z0-9][A-Za-z0-9_-]{42}=$/,
  uuid: /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
};

describe.each(generatedKinds)('a generated %s', (kind) => {
  const values = Array.from({ length: 2000 }, () => generateSecret(kind, systemRandom));

  it('has its shape, starts with a letter or digit, needs no quotes and passes its own check', () => {
    for (const value of values) {
      expect(value).toMatch(shapes[kind]);
      expect(value).toMatch(/^[A-Za-z0-9]/);
      expect(encodeEnvValue(value)).toEqual({ ok: true, text: value, dockerEnvFile: true });
      expect(checkSecretFormat(kind, value)).toBeUndefined();
    }
  });

  it('is new each time, and the same for the same randomness', () => {
    expect(new Set(values).size).toBe(values.length);
    expect(generateSecret(kind, seededRandom('a'))).toBe(generateSecret(kind, seededRandom('a')));
    expect(generateSecret(kind, seededRandom('a'))).not.toBe(generateSecret(kind, seededRandom('b')));
  });

  it('is refused from a source that gives too little or only ever the same', () => {
    expect(() => generateSecret(kind, () => new Uint8Array(4))).toThrow(/broken/);
  });
});

describe('generateSecret', () => {
  it('draws each of the 62 letters equally often', () => {
    const counts = new Map<string, number>();
    const random = seededRandom('chi');
    for (let round = 0; round < 5000; round += 1) {
      for (const char of generateSecret('password', random)) counts.set(char, (counts.get(char) ?? 0) + 1);
    }
    const expected = (5000 * 43) / 62;
    const chiSquare = [...counts.values()].reduce(
      (sum, count) => sum + (count - expected) ** 2 / expected,
      0,
    );
    expect(counts.size).toBe(62);
    // 61 degrees of freedom: 110 is passed once in 10,000 runs; `byte % 62` comes to about 13,000 here.
    expect(chiSquare).toBeLessThan(110);
  });

  it('has 256 bits in each kind but uuid', () => {
    expect(43 * Math.log2(62)).toBeGreaterThan(256);
    expect(Buffer.from(generateSecret('hex', systemRandom), 'hex')).toHaveLength(32);
    expect(Buffer.from(generateSecret('base64', systemRandom), 'base64')).toHaveLength(32);
    expect(Buffer.from(generateSecret('fernet', systemRandom), 'base64url')).toHaveLength(32);
  });

  it('gives passwords that stand in a URL as they are', () => {
    const password = generateSecret('password', systemRandom);
    expect(encodeUserinfo(password)).toBe(password);
  });

  it('does not hang on a stuck source', () => {
    expect(() => generateSecret('password', (count) => new Uint8Array(count).fill(255))).toThrow(/broken/);
    expect(() => generateSecret('base64', (count) => new Uint8Array(count).fill(255))).toThrow(/broken/);
  });

  it.each(['external', 'derived'] as const)('never invents a value of kind %s', (kind) => {
    expect(() => generateSecret(kind, systemRandom)).toThrow(/cannot be generated/);
  });
});

describe('checkSecretFormat', () => {
  it.each([
    ['password', 'short', 'is shorter than 16 characters'],
    ['password', 'abababababababababab', 'is made of very few different characters, so it can be guessed'],
    ['password', 'please-change-me-now', 'looks like a placeholder, not like a secret'],
    ['hmac', 'only-thirty-one-characters-long', 'is shorter than 32 bytes, the least for HMAC-SHA256'],
    ['hex', 'abc', 'is not 64 hexadecimal digits'],
    ['hex', `${'0123456789abcdef'.repeat(3)}0123456789abcdeg`, 'is not 64 hexadecimal digits'],
    ['base64', 'c2hvcnQ=', 'is not base64 of at least 32 bytes'],
    ['base64', '!'.repeat(44), 'is not base64 of at least 32 bytes'],
    ['fernet', 'x'.repeat(43), 'is not a Fernet key: 44 characters of URL-safe base64, the last one ='],
    ['uuid', '123e4567', 'is not a UUID'],
    ['external', '<your key>', 'looks like a placeholder, not like a value'],
    ['external', 'sk-ant-...', 'looks like a placeholder, not like a value'],
  ] as const)('%s %j: %s', (kind, value, expected) => {
    expect(checkSecretFormat(kind, value)).toBe(expected);
  });

  it('takes what people choose themselves when it is long enough', () => {
    expect(checkSecretFormat('password', 'correct horse battery staple')).toBeUndefined();
    expect(checkSecretFormat('external', 'x')).toBeUndefined();
    expect(checkSecretFormat('derived', '')).toBeUndefined();
    expect(checkSecretFormat('uuid', '123E4567-E89B-12D3-A456-426614174000')).toBeUndefined();
    // Python's cryptography reads a Fernet key in the standard alphabet too.
    const standard = createHash('sha256').update('7').digest('base64').replace(/^./, '/');
    expect(checkSecretFormat('fernet', standard)).toBeUndefined();
  });
});

describe('known keys', () => {
  const samples: Record<string, string> = {
    ANTHROPIC_API_KEY: `sk-ant-api03-${'a'.repeat(90)}`,
    OPENAI_API_KEY: `sk-proj-${'a'.repeat(40)}`,
    HF_TOKEN: `hf_${'a'.repeat(34)}`,
    LANGFUSE_PUBLIC_KEY: 'pk-lf-123e4567-e89b-12d3-a456-426614174000',
    LANGFUSE_SECRET_KEY: 'sk-lf-123e4567-e89b-12d3-a456-426614174000',
    STRIPE_SECRET_KEY: `sk_test_${'a1'.repeat(12)}`,
    STRIPE_WEBHOOK_SECRET: `whsec_${'a1'.repeat(16)}`,
    SENDGRID_API_KEY: `SG.${'a'.repeat(22)}.${'b'.repeat(43)}`,
    SMTP_PASSWORD: 'anything at all',
    GOOGLE_CLIENT_ID: '123456789012-abc123.apps.googleusercontent.com',
    GOOGLE_CLIENT_SECRET: `GOCSPX-${'a'.repeat(28)}`,
    AWS_ACCESS_KEY_ID: `AKIA${'A1'.repeat(8)}`,
    AWS_SECRET_ACCESS_KEY: `${'aB3/'.repeat(9)}+abc`,
    GITHUB_TOKEN: `ghp_${'a'.repeat(36)}`,
    SENTRY_DSN: 'https://0123456789abcdef@o1.ingest.sentry.io/42',
    TELEGRAM_BOT_TOKEN: `123456789:${'a'.repeat(35)}`,
  };

  it.each(Object.entries(samples))('%s takes a key as it is issued', (name, value) => {
    expect(knownKey(name)).toBeDefined();
    expect(checkKnownKey(name, value)).toBeUndefined();
  });

  it.each(knownKeyNames().filter((name) => knownKey(name)?.format))(
    '%s says what a wrong one should look like',
    (name) => {
      const problem = checkKnownKey(name, 'CANARY');
      expect(problem).toContain(knownKey(name)!.looksLike);
      expect(problem).not.toContain('CANARY');
    },
  );

  it.each(knownKeyNames())('the placeholder of %s can be written and is not taken for a key', (name) => {
    const { placeholder, format } = knownKey(name)!;
    expect(encodeEnvValue(placeholder)).toMatchObject({ ok: true, dockerEnvFile: true });
    expect(placeholder.length).toBeLessThan(50);
    if (format && placeholder.endsWith('...')) {
      expect(checkKnownKey(name, placeholder) ?? checkSecretFormat('external', placeholder)).toBeDefined();
    }
  });

  it('knows a key behind the name of an app, and no other', () => {
    expect(knownKey('WEB_API_STRIPE_SECRET_KEY')).toBe(knownKey('STRIPE_SECRET_KEY'));
    expect(knownKey('STRIPE_SECRET_KEY_OLD')).toBeUndefined();
    expect(knownKey('constructor')).toBeUndefined();
    expect(checkKnownKey('SESSION_KEY', 'x')).toBeUndefined();
  });

  it('checks in linear time', () => {
    const start = performance.now();
    for (const name of knownKeyNames()) {
      for (const fill of ['a', '@', '.apps.googleusercontent.com', '/1', '1']) {
        checkKnownKey(name, `${knownKey(name)!.placeholder.replace('...', '')}${fill.repeat(60_000)} `);
      }
    }
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});
