import { expect, test } from 'vitest';
import { mailpit } from '../../src/catalog/mailpit.ts';
import { parseOptions } from './catalog.ts';

const build = (options: object) =>
  mailpit.build({ options: parseOptions(mailpit, options), environment: 'development', clients: [] });

test('runs as an ordinary user and keeps nothing', () => {
  expect(build({}).workload).toMatchObject({ user: '1000:1000', volumes: [], capAdd: [], published: [] });
});

test('the inbox is shown on this machine only, and only when asked for', () => {
  expect(build({ port: 8025 }).workload.published).toEqual([
    { address: '127.0.0.1', host: 8025, container: 8025, protocol: 'tcp', allow: [] },
  ]);
});

test('a client is told where to send mail', () => {
  expect(mailpit.connect(parseOptions(mailpit, {}))).toEqual({
    environment: { SMTP_HOST: 'mailpit', SMTP_PORT: '1025' },
    secrets: [],
  });
});

test('is not for production, where anybody at the inbox could read password resets', () => {
  expect(mailpit.environments).not.toContain('production');
});
