import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildStack } from '../../src/stack/build.ts';
import { checkAnswers } from '../../src/stack/load.ts';
import type { Stack } from '../../src/stack/model.ts';
import type { StackInput } from '../../src/stack/schema.ts';
import { changesBetween } from '../../src/wizard/changes.ts';
import { reviewText } from '../../src/wizard/review.ts';
import type { Plan, PlanEntry } from '../../src/workspace/plan.ts';

function stackOf(answers: Partial<StackInput>): Stack {
  const { spec, problems } = checkAnswers({
    version: 1,
    name: 'shop',
    environment: 'production',
    domains: ['shop.example.com', 'api.example.com'],
    tls: { mode: 'acme', terms: 'accepted' },
    ...answers,
  });
  expect(problems).toEqual([]);
  return buildStack(spec!);
}

function planOf(...entries: readonly (readonly [PlanEntry['action'], string])[]): Plan {
  return {
    root: '/srv/shop',
    changes: true,
    entries: entries.map(([action, path]) => ({
      path,
      action,
      class: 'generated',
      reason: 'because',
      mode: 0o644,
    })),
  };
}

const NO_SECRETS = { generated: [], missing: [], entered: [] };

const STACK = stackOf({
  services: { postgres: {} },
  apps: {
    web: { image: 'sample', routes: [{ path: '/' }], needs: ['api'] },
    api: {
      image: 'acme/api:1.4.2',
      routes: [{ host: 'api.example.com', path: '/v1', allow: ['203.0.113.0/24'] }],
      needs: ['postgres'],
      expose: [{ port: 9000, hostPort: 9000, allow: ['198.51.100.7'] }],
    },
    worker: { build: { context: './worker' } },
  },
  firewall: { sshPorts: [2222], sshFrom: ['192.0.2.0/24'] },
});

test('the whole review', () => {
  const text = reviewText(
    {
      stack: STACK,
      plan: planOf(
        ['create', '.env'],
        ['create', 'nginx/a.conf'],
        ['create', 'nginx/b.conf'],
        ['merge', 'README.md'],
        ['unchanged', 'x'],
      ),
      folder: './shop',
      secrets: { generated: ['POSTGRES_PASSWORD'], missing: ['API_KEY'], entered: ['SMTP_PASSWORD'] },
    },
    80,
  );
  expect(text).toBe(`
shop, production, https://shop.example.com/

Runs
  edge      nginx reverse proxy (${STACK.workloads[0]!.image})
  acme      ACME client (lego) (${STACK.workloads[1]!.image})
  postgres  PostgreSQL (${STACK.workloads[2]!.image})
  web       sample app
  api       acme/api:1.4.2
  worker    built from ./worker

Reached from outside
  ports 80 and 443, from everywhere
  every domain / → web
  api.example.com/v1 → api (from 203.0.113.0/24)
  tcp 0.0.0.0:9000 → api (from 198.51.100.7)
  SSH, port 2222, from 192.0.2.0/24

Connections (no others share a network)
  internet → edge :443 :80
           → api :9000
      acme → internet :443
      edge → web :8080
           → api :8080
       web → api :8080
       api → postgres :5432

Files in ./shop
  3 new: .env, nginx/ (2)
  1 merged with your edits: README.md

Secrets
  made: POSTGRES_PASSWORD
  as you entered them: SMTP_PASSWORD
  to be filled in later: API_KEY

`);
});

describe('who can reach it', () => {
  test('a development stack: this machine alone, and nothing about SSH', () => {
    const stack = stackOf({ environment: 'development', domains: ['localhost'], tls: { mode: 'dev-ca' } });
    const text = reviewText({ stack, plan: planOf(), folder: '.', secrets: NO_SECRETS }, 80);
    expect(text).toContain('ports 80 and 443, from this machine only');
    expect(text).not.toContain('SSH');
    expect(text).toContain('Files in .\n  nothing changes');
    expect(text).not.toContain('Secrets\n');
  });

  test('an SSH port that is open to all says so', () => {
    const text = reviewText({ stack: stackOf({}), plan: planOf(), folder: '.', secrets: NO_SECRETS }, 80);
    expect(text).toContain('SSH, port 22, from everywhere, rate-limited');
  });
});

test('no line is wider than the terminal, save for words that are', () => {
  const paths = Array.from({ length: 40 }, (_, index) => ['create', `file-${index}.txt`] as const);
  fc.assert(
    fc.property(fc.integer({ min: 40, max: 120 }), (width) => {
      const secrets = {
        ...NO_SECRETS,
        generated: Array.from({ length: 20 }, (_, index) => `SECRET_${index}`),
      };
      const text = reviewText({ stack: STACK, plan: planOf(...paths), folder: './shop', secrets }, width);
      for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(width);
      for (const [, path] of paths) expect(text).toContain(path);
    }),
  );
});

describe('changes between answers', () => {
  const answers = fc.dictionary(
    fc.stringMatching(/^[a-z]{1,3}$/),
    fc.oneof(
      fc.integer(),
      fc.string(),
      fc.array(fc.integer()),
      fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), fc.integer()),
    ),
  );

  test('there are none between equal answers, whatever their order', () => {
    fc.assert(
      fc.property(answers, (one) => {
        expect(changesBetween(one, Object.fromEntries(Object.entries(one).reverse()))).toEqual([]);
      }),
    );
  });

  test('carried out, they turn the one into the other', () => {
    fc.assert(
      fc.property(answers, answers, (before, after) => {
        const result = structuredClone(before) as Record<string, unknown>;
        for (const { path, value } of changesBetween(before, after)) put(result, path as string[], value);
        expect(result).toEqual(after);
      }),
    );
  });

  test('beside a changed answer nothing is touched', () => {
    expect(changesBetween({ a: { b: 1, c: [1] }, d: 2 }, { a: { b: 1, c: [2] }, d: 2 })).toEqual([
      { path: ['a', 'c'], value: [2] },
    ]);
  });
});

function put(target: Record<string, unknown>, [head, ...rest]: readonly string[], value: unknown): void {
  if (rest.length > 0) put(target[head!] as Record<string, unknown>, rest, value);
  else if (value === undefined) delete target[head!];
  else target[head!] = value;
}
