import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseEnvFile } from '../../../src/secrets/env-parse.ts';
import { docker, logs } from '../docker.ts';
import type { GeneratedStack } from '../generated-stack.ts';
import { run } from '../process.ts';
import { mapValues, type RunningStack } from './running.ts';

/** Where the values of secrets stand, and where not, while they are delivered by file. */
export function confidentiality(running: RunningStack): void {
  describe('confidentiality', () => {
    test('no value stands in docker inspect, in a process list or in a log', async () => {
      await running.works();
      const values = await secretValues(running.stack);
      expect(values.length).toBeGreaterThanOrEqual(5);
      for (const [service, { Id }] of Object.entries(await running.containers())) {
        const seen = {
          inspect: (await docker(['inspect', Id])).stdout,
          top: (await docker(['top', Id, '-eo', 'pid,args'])).stdout,
          log: await logs(Id),
        };
        expect(seen.top, service).toMatch(/docker-init|tini/);
        expect(
          mapValues(seen, (text) => values.some((value) => text.includes(value))),
          service,
        ).toEqual({
          inspect: false,
          top: false,
          log: false,
        });
      }
    });

    test('the app reads them from its files', async () => {
      for (const name of ['DATABASE_URL', 'SESSION_KEY']) {
        const seen = (await running.stack.app('api', `/env?name=${name}`))['sha256'];
        const file = await running.stack.read(`secrets/api_${name.toLowerCase()}`);
        expect([name, seen]).toEqual([name, createHash('sha256').update(file).digest('hex')]);
      }
    });

    test('another user of the host reads none of them, and no private key', async () => {
      const { dir } = running.stack;
      const secret = ['.env', 'secrets/postgres_password', 'certs/ca/ca.key'];
      const asNobody = (path: string) =>
        run('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', 'cat', join(dir, path)], {
          allowFailure: true,
        });
      // The folder itself is open, so that it is the generated files' own modes that keep them out.
      expect((await asNobody('stack.yaml')).code).toBe(0);
      for (const path of secret) expect((await asNobody(path)).code, path).not.toBe(0);
    });

    test('no value stands in any file that is not made for secrets', async () => {
      const values = await secretValues(running.stack);
      const files = readdirSync(running.stack.dir, { recursive: true, encoding: 'utf8' })
        .filter((path) => statSync(join(running.stack.dir, path)).isFile())
        .filter((path) => path !== '.env' && !path.startsWith('secrets/'));
      const told = files.filter((path) => {
        const text = readFileSync(join(running.stack.dir, path), 'utf8');
        return values.some((value) => text.includes(value));
      });
      expect(files).toContain('docker-compose.yml');
      expect(told).toEqual([]);
    });
  });
}

/** Every secret value there is: of the env file and of the files that containers mount. */
async function secretValues(stack: GeneratedStack): Promise<string[]> {
  const { values } = parseEnvFile(await stack.read('.env'), '.env');
  const ofEnv = values
    .names()
    .filter((name) => !name.endsWith('_SECRETS_REV'))
    .map((name) => values.get(name));
  const ofFiles = readdirSync(join(stack.dir, 'secrets'))
    .filter((name) => !name.startsWith('.'))
    .map((name) => readFileSync(join(stack.dir, 'secrets', name), 'utf8'));
  return [...ofEnv, ...ofFiles].filter((value) => value.length >= 16);
}
