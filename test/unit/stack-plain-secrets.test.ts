import { expect, test } from 'vitest';
import { isPlainSecret } from '../../src/secrets/plain-secret.ts';
import { parseStackDocument, readSpec } from '../../src/stack/load.ts';
import { warnings } from '../../src/stack/warnings.ts';
import { answerFindings } from '../../src/verify/answers.ts';

const read = (environment: string) => {
  const source = parseStackDocument(
    `version: 1
name: shop
environment: production
domains: [shop.example.com]
tls:
  mode: acme
  email: ops@example.com
  terms: accepted
  dns:
    provider: cloudflare
    environment: ${environment}
`,
    'stack.yaml',
  );
  return { source, spec: readSpec(source) };
};

test('a DNS provider’s key in plain text is warned of and found, and its value told to nobody', () => {
  const { source, spec } = read('{ CF_API_EMAIL: ops@example.com, CF_API_KEY: hunter2hunter2 }');
  const told = [warnings(spec), answerFindings('/nowhere', spec, source, {})] as const;
  expect(told[0]).toEqual([expect.stringMatching(/^tls\.dns\.environment\.CF_API_KEY .*tls\.dns\.secrets$/)]);
  expect(told[1]).toEqual([
    {
      rule: 'stack.plain-secret',
      severity: 'error',
      file: 'stack.yaml',
      line: 11,
      message: 'tls.dns.environment.CF_API_KEY looks like a secret in plain text',
      hint: expect.stringContaining('tls.dns.secrets'),
    },
  ]);
  expect(JSON.stringify(told)).not.toContain('hunter2');
});

test('its plain settings are nothing to tell of', () => {
  const { source, spec } = read(
    '{ CF_API_EMAIL: ops@example.com, CF_TTL: "120", CF_DNS_API_TOKEN_FILE: /run/x }',
  );
  expect(warnings(spec)).toEqual([]);
  expect(answerFindings('/nowhere', spec, source, {})).toEqual([]);
});

test.each([
  ['DB_PASSWORD', 'hunter2hunter2'],
  ['MYSQL_PWD', 'hunter2'],
  ['DJANGO_SECRET_KEY', 'django-insecure-x'],
  ['SECRET_KEY_BASE', '0123456789abcdef'],
  ['SESSION_KEY', 'abc'],
  ['DATABASE', 'postgres://app:hunter2@db/app'],
  ['STRIPE', 'sk_live_abcdefghij'],
  ['CLOUD', 'AKIAIOSFODNN7EXAMPLE'],
])('%s: %s is taken for a secret', (variable, value) => {
  expect(isPlainSecret(variable, value)).toBe(true);
});

test.each([
  ['DB_PASSWORD', '${DB_PASSWORD}'],
  ['DB_PASSWORD', '{{ db_password }}'],
  ['DB_PASSWORD', '<set in the console>'],
  ['DB_PASSWORD', 'vault:secret/data/shop#password'],
  ['DB_PASSWORD', 'arn:aws:secretsmanager:eu-central-1:1:secret:db'],
  ['DB_PASSWORD_FILE', '/run/secrets/db'],
  ['API_TOKEN', ''],
  ['RESET_PASSWORD', 'true'],
  ['DATABASE_URL', 'postgres://app:${PW}@db/app'],
  ['DATABASE_URL', 'postgres://app:{{ pw }}@db/app'],
  ['CACHE_KEY', 'shop'],
  ['PUBLIC_KEY', 'abc'],
  ['URL', 'https://example.com:8443/@me'],
])('%s: %s is none', (variable, value) => {
  expect(isPlainSecret(variable, value)).toBe(false);
});
