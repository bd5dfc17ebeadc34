import { buildStack } from '../../src/stack/build.ts';
import { newStackText } from '../../src/stack/document.ts';
import { parseStackDocument, readSpec } from '../../src/stack/load.ts';
import type { Stack } from '../../src/stack/model.ts';
import type { StackInput } from '../../src/stack/schema.ts';

/** A stack with a database, an app that publishes a port by answer and one that may call out. */
export const answers: StackInput = {
  version: 1,
  name: 'shop',
  environment: 'production',
  domains: ['shop.example.com'],
  tls: { mode: 'dev-ca' },
  services: { postgres: {} },
  apps: {
    web: {
      image: 'acme/web:1.0',
      port: 3000,
      routes: [{ path: '/' }],
      needs: ['postgres'],
      delivery: 'variable',
      secrets: { MAIL_KEY: { kind: 'external' }, COOKIE_KEY: { kind: 'hmac', delivery: 'file' } },
    },
    worker: {
      image: 'acme/worker:1.0',
      port: 9000,
      egress: true,
      expose: [{ port: 9000, hostPort: 9000, allow: ['198.51.100.0/24'] }],
      health: { probe: 'none' },
    },
  },
};

export function stackOf(input: StackInput): Stack {
  return buildStack(readSpec(parseStackDocument(newStackText(input), 'stack.yaml')));
}
