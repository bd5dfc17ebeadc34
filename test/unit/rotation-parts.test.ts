import { createHash, createHmac } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { scramVerifier } from '../../src/catalog/scram.ts';
import { type Ages, agesFile, parseAges, updateAges } from '../../src/rotation/ages.ts';
import {
  clearRotation,
  readRotation,
  rotationJournalPath,
  saveRotation,
  sweepRotationDrafts,
} from '../../src/rotation/journal.ts';
import { prometheusText } from '../../src/rotation/prometheus.ts';
import { dueSecrets, type ScheduleEntry, scheduleOf } from '../../src/rotation/schedule.ts';
import { type Request, selectSecrets } from '../../src/rotation/select.ts';
import { sharedValues } from '../../src/rotation/shared.ts';
import { systemRandom } from '../../src/secrets/kinds.ts';
import { SecretValues } from '../../src/secrets/values.ts';
import { temporaryPath } from '../../src/workspace/atomic.ts';
import { Disk } from '../system/rotation/disk.ts';
import { envOf, NOW, stackOf } from './rotation-fixture.ts';
import { journalOf } from './rotation-model.ts';

const shop = stackOf();
const later = (days: number, hours = 0): Date =>
  new Date(NOW.getTime() + days * 86_400_000 + hours * 3_600_000);
const agesAt = (now: Date, values: SecretValues, known?: Ages): Ages =>
  updateAges(known, { secrets: shop.secrets, values, now, random: systemRandom });

/** The values of `env` with some of them changed. */
function withValues(env: SecretValues, changes: Readonly<Record<string, string>>): SecretValues {
  return new SecretValues(env.names().map((id) => [id, changes[id] ?? env.get(id)]));
}

describe('SCRAM verifiers', () => {
  test('RFC 7677, section 3: the proof and the signature of its example', () => {
    const nonce = 'rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
    const salt = 'W22ZaJ0SNY7soEsUEjb6gQ==';
    const message = `n=user,r=rOprNGfwEbeRWgbNEkqO,r=${nonce},s=${salt},i=4096,c=biws,r=${nonce}`;
    const verifier = scramVerifier('pencil', Buffer.from(salt, 'base64'), 4096);
    const [, stored, server] = /^SCRAM-SHA-256\$4096:W22ZaJ0SNY7soEsUEjb6gQ==\$([^:]+):(.+)$/.exec(verifier)!;
    const sign = (key: string): Buffer =>
      createHmac('sha256', Buffer.from(key, 'base64')).update(message).digest();
    const proof = Buffer.from('dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=', 'base64');
    const clientKey = Buffer.from(proof.map((byte, index) => byte ^ sign(stored!)[index]!));
    expect(createHash('sha256').update(clientKey).digest('base64')).toBe(stored);
    expect(sign(server!).toString('base64')).toBe('6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=');
  });

  test('what looks alike is the same password (SASLprep)', () => {
    const salt = new Uint8Array(16);
    expect(scramVerifier('Ⅸ\u00a0a\u00ad', salt)).toBe(scramVerifier('IX a', salt));
  });
});

describe('the journal', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'css-journal-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test('is 0600, reads back as it was, and goes', () => {
    const path = rotationJournalPath(folder);
    const journal = journalOf({ db: { overlap: true, fromFiles: false } }, { key: true });
    expect(readRotation(path)).toBeUndefined();
    saveRotation(path, journal);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readRotation(path)).toMatchObject(journal);
    clearRotation(path);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('on a disk that fails: told as it is, and an end that is reached stays one', () => {
    const path = rotationJournalPath(folder);
    const disk = new Disk(folder);
    try {
      disk.fail('EROFS', 1);
      expect(() => saveRotation(path, journalOf({}), 'nothing was changed')).toThrow(
        /; nothing was changed$/,
      );
      disk.fail('EROFS', 1);
      expect(() => sweepRotationDrafts(path)).toThrow(/; nothing was changed$/);
      disk.restore();
      saveRotation(path, journalOf({}));
      disk.fail('EROFS', 2);
      clearRotation(path);
      expect(readRotation(path)).toBeUndefined();
    } finally {
      disk.restore();
    }
  });

  test('half-written ones go, the complete one stays', () => {
    const path = rotationJournalPath(folder);
    saveRotation(path, journalOf({}));
    writeFileSync(temporaryPath(path, '0123456789abcdef01234567'), '{"half');
    writeFileSync(join(folder, 'other'), '');
    sweepRotationDrafts(path);
    expect(readdirSync(folder).sort()).toEqual(['.rotation.json', 'other']);
  });

  test.each([
    ['cut off', '{"format":1,"sta'],
    ['from a newer version', '{"format":2}'],
    ['of another kind', '[]'],
    ['empty', ''],
    ...(
      [
        ['with a step more than there are', { done: 9 }],
        ['with a step less than none', { done: -1 }],
        ['that came further than there are steps', { reached: 9 }],
        ['with a credential of another form', { credentials: [{ secret: 'db' }] }],
        ['with a certificate of another form', { certificate: {} }],
        [
          'with a file that is none of a certificate',
          { certificate: { before: {}, after: { '/etc/passwd': '' } } },
        ],
        ['that began at no time', { started: '' }],
        ['with a service that is none', { outsiders: [1] }],
      ] as const
    ).map(([what, change]) => [
      what,
      JSON.stringify({ format: 1, ...journalOf({ db: { overlap: false, fromFiles: false } }), ...change }),
    ]),
    ['without a value', JSON.stringify({ format: 1, ...journalOf({}), changes: [{ id: 'X', before: 'a' }] })],
  ])('%s: refused and left alone', (_what, text) => {
    const path = rotationJournalPath(folder);
    mkdirSync(folder, { recursive: true });
    writeFileSync(path, text);
    expect(() => readRotation(path)).toThrow('may hold passwords that stand nowhere else');
    expect(readFileSync(path, 'utf8')).toBe(text);
  });
});

describe('ages', () => {
  const env = envOf(shop, { JOBS_STRIPE_SECRET_KEY: 'sk_test_4eC39HqLyjWDarjtT1zdp7dc' }).values;

  test('the same values give the same file; a value changed by hand is new from then on', () => {
    const first = agesAt(NOW, env);
    expect(agesAt(later(10), env, first)).toEqual(first);
    const changed = agesAt(later(10), withValues(env, { API_COOKIE_KEY: 'f'.repeat(64) }), first);
    expect(changed.secrets['API_COOKIE_KEY']).toMatchObject({
      created: NOW.toISOString(),
      rotated: later(10).toISOString(),
    });
    expect(changed.secrets['API_JWT_SECRET']).toEqual(first.secrets['API_JWT_SECRET']);
  });

  test('the file holds no value, not even what could be tried against one', () => {
    const { content, mode } = agesFile(agesAt(NOW, env), { directory: 'secrets' });
    expect(mode).toBe(0o600);
    for (const { id, kind } of shop.secrets)
      if (kind !== 'setting' && env.get(id)) expect(content).not.toContain(env.get(id));
    const other = agesFile(agesAt(NOW, env), { directory: 'secrets' });
    expect(other.content).not.toBe(content);
    expect(parseAges(content, 'f')).toEqual(parseAges(content, 'f'));
  });

  test.each(['', '{}', '{"format":1,"key":"","secrets":{}}', '{"format":1,"key":"x","secrets":null}'])(
    'damaged: %s',
    (text) => {
      expect(() => parseAges(text, 'secrets/.ages.json')).toThrow('is damaged');
    },
  );
});

describe('the schedule, by the clock', () => {
  const env = envOf(shop, { JOBS_STRIPE_SECRET_KEY: 'sk_test_4eC39HqLyjWDarjtT1zdp7dc' }).values;
  const ages = agesAt(NOW, env);
  const due = (now: Date, known = ages, values = env): string[] =>
    dueSecrets(shop, known, now, values).map(({ id }) => id);

  test('signing and external after 90 days, engines after 180, keys of data never', () => {
    expect(due(later(89, 23))).toEqual([]);
    expect(due(later(90)).sort()).toEqual(['API_COOKIE_KEY', 'API_JWT_SECRET', 'JOBS_STRIPE_SECRET_KEY']);
    expect(due(later(179, 23))).toHaveLength(3);
    expect(due(later(180))).toEqual(
      expect.arrayContaining([
        'POSTGRES_PASSWORD',
        'POSTGRES_APP_PASSWORD',
        'REDIS_APP_PASSWORD',
        'REDIS_ADMIN_PASSWORD',
      ]),
    );
    expect(due(later(5000))).not.toEqual(expect.arrayContaining([expect.stringMatching(/FI[A-Z]+_KEY/)]));
  });

  test('the answers decide', () => {
    const strict = {
      ...shop,
      secretStore: { ...shop.secretStore, schedule: { signing: 7, engine: 1, external: 365 } },
    };
    expect(dueSecrets(strict, ages, later(6), env).map(({ class: name }) => name)).not.toContain('signing');
    expect(dueSecrets(strict, ages, later(7), env).map(({ class: name }) => name)).toContain('signing');
  });

  test('a replaced signing key is due to go after the life of what it signed, one of data never', () => {
    const rotated = withValues(env, {
      API_JWT_SECRET_PREVIOUS: 'o'.repeat(20),
      API_FIELD_KEY_PREVIOUS: 'p'.repeat(20),
    });
    const known = agesAt(later(1), rotated, ages);
    expect(due(later(1, 11), known, rotated)).toEqual([]);
    expect(dueSecrets(shop, known, later(1, 12), rotated)).toMatchObject([
      { id: 'API_JWT_SECRET_PREVIOUS', action: 'retire' },
    ]);
  });

  test('a value of unknown age is due at once, unless no age makes it so', () => {
    const values = withValues(env, { API_JWT_SECRET: '', JOBS_STRIPE_SECRET_KEY: '' });
    const entries = scheduleOf(shop, undefined, NOW, values);
    const of = (id: string) => entries.find((entry) => entry.id === id);
    expect(entries.every((entry) => entry.due === undefined)).toBe(true);
    expect(of('API_COOKIE_KEY')).toMatchObject({ state: 'unknown', overdue: true });
    expect(of('API_FIELD_KEY')).toMatchObject({ state: 'unknown', overdue: false });
    // What is not there has no age.
    expect(of('API_JWT_SECRET')).toMatchObject({ state: 'missing', overdue: false });
    expect(of('JOBS_STRIPE_SECRET_KEY')).toMatchObject({ state: 'blank', overdue: false });
  });
});

describe('what is chosen', () => {
  const env = envOf(shop).values;
  const rotated = withValues(env, { API_JWT_SECRET_PREVIOUS: 'old', API_FIELD_KEY_PREVIOUS: 'older' });
  const AUTHORITY_DUE: ScheduleEntry = {
    id: 'CERTIFICATE_AUTHORITY',
    class: 'certificate',
    kind: 'certificate',
    consumers: [],
    state: 'known',
    overdue: true,
    action: 'roll over',
  };
  const select = (request: Partial<Request>, now = NOW, more: ScheduleEntry[] = []): string[] =>
    selectSecrets(
      { names: [], all: false, due: false, classes: [], emergency: false, retire: false, ...request },
      {
        secrets: shop.secrets,
        schedule: [...scheduleOf(shop, agesAt(NOW, rotated), now, rotated), ...more],
        certificateDue: undefined,
        hasCertificate: true,
      },
    );

  test('names, in the order of the stack', () => {
    expect(select({ names: ['REDIS_APP_PASSWORD', 'POSTGRES_PASSWORD'] })).toEqual([
      'POSTGRES_PASSWORD',
      'REDIS_APP_PASSWORD',
    ]);
  });

  test('a class; everything; everything in an emergency, unless it names something', () => {
    expect(select({ classes: ['signing'] })).toEqual(['API_JWT_SECRET', 'API_COOKIE_KEY']);
    expect(select({ all: true })).toContain('CERTIFICATE');
    expect(select({ emergency: true })).toEqual([...select({ all: true }), 'CERTIFICATE_AUTHORITY']);
    expect(select({ emergency: true, names: ['API_JWT_SECRET'] })).toEqual(['API_JWT_SECRET']);
  });

  test('what is due: values to replace, and replaced keys to drop', () => {
    expect(select({ due: true })).toEqual([]);
    expect(select({ due: true }, later(1))).toEqual(['API_JWT_SECRET_PREVIOUS']);
    // Both: the replaced key gives way to the next one.
    expect(select({ due: true }, later(90))).toEqual(['API_JWT_SECRET', 'API_COOKIE_KEY']);
  });

  test('the development CA stays: said where its certificates are in doubt, or it is due', () => {
    expect(select({ classes: ['certificate'] })).toEqual(['CERTIFICATE', 'CERTIFICATE_AUTHORITY']);
    expect(select({ emergency: true })).toContain('CERTIFICATE_AUTHORITY');
    expect(select({ names: ['CERTIFICATE'] })).toEqual(['CERTIFICATE']);
    expect(select({ names: ['CERTIFICATE'] }, NOW, [AUTHORITY_DUE])).toContain('CERTIFICATE_AUTHORITY');
    expect(select({ all: true })).not.toContain('CERTIFICATE_AUTHORITY');
  });

  test('a replaced key beside what is replaced', () => {
    expect(select({ names: ['REDIS_APP_PASSWORD'], drop: ['API_JWT_SECRET_PREVIOUS'] })).toEqual([
      'REDIS_APP_PASSWORD',
      'API_JWT_SECRET_PREVIOUS',
    ]);
  });

  test('replaced keys: those whose time is over; of stored data by name only', () => {
    expect(select({ retire: true })).toEqual([]);
    expect(select({ retire: true }, later(1))).toEqual(['API_JWT_SECRET_PREVIOUS']);
    expect(select({ retire: true, all: true })).toEqual(['API_JWT_SECRET_PREVIOUS']);
    expect(select({ retire: true, names: ['API_FIELD_KEY'] })).toEqual(['API_FIELD_KEY_PREVIOUS']);
  });

  test.each([
    ['API_JWT_SECRETS', 'there is no secret called'],
    ['SOMETHING_ELSE', 'status lists them'],
    ['JOBS_DATABASE_URL', 'is computed from other values'],
    ['API_JWT_SECRET_PREVIOUS', 'holds replaced keys'],
  ])('%s is refused', (name, reason) => {
    expect(() => select({ names: [name] })).toThrow(reason);
  });
});

test('values shared with another environment are found under any name, short ones are not', () => {
  const own = new SecretValues([
    ['A', 'x'.repeat(20)],
    ['B', '5432'],
    ['C', 'y'.repeat(20)],
  ]);
  const other = new SecretValues([
    ['A', 'z'.repeat(20)],
    ['PORT', '5432'],
    ['TOKEN', 'x'.repeat(20)],
  ]);
  expect(sharedValues(own, own.names(), [{ name: 'staging', values: other }])).toEqual([
    { id: 'A', other: 'staging', otherId: 'TOKEN' },
  ]);
});

test('Prometheus text: names, types and dates, with names escaped', () => {
  const text = prometheusText(
    'sh"op\\',
    [
      {
        id: 'API_JWT_SECRET',
        class: 'signing',
        kind: 'hmac',
        consumers: ['api'],
        state: 'known',
        since: NOW,
        due: later(90),
        overdue: true,
        action: 'rotate',
      },
      {
        id: 'K',
        class: 'encryption',
        kind: 'fernet',
        consumers: [],
        state: 'unknown',
        overdue: false,
        action: 'rotate',
      },
    ],
    { open: true, now: NOW },
  );
  const labels = '{stack="sh\\"op\\\\",secret="API_JWT_SECRET",class="signing"}';
  expect(text.split('\n')).toEqual(
    expect.arrayContaining([
      '# TYPE secure_stack_secret_overdue gauge',
      `secure_stack_secret_set_timestamp_seconds${labels} ${NOW.getTime() / 1000}`,
      `secure_stack_secret_due_timestamp_seconds${labels} ${later(90).getTime() / 1000}`,
      `secure_stack_secret_overdue${labels} 1`,
      `secure_stack_secret_unknown${labels} 0`,
      'secure_stack_secret_unknown{stack="sh\\"op\\\\",secret="K",class="encryption"} 1',
      `secure_stack_secret_missing${labels} 0`,
      'secure_stack_rotation_open{stack="sh\\"op\\\\"} 1',
    ]),
  );
  expect(text).not.toMatch(/due_timestamp_seconds\{[^}]*secret="K"/);
  expect(text.endsWith('\n')).toBe(true);
  // A family's lines stand together under one head.
  expect(text.match(/# TYPE (\S+)/g)).toHaveLength(new Set(text.match(/# TYPE (\S+)/g)).size);
});
