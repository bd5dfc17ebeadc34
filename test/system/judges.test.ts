import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DCLinter } from 'dclint';
import fsExtra from 'fs-extra';
import { describe, expect, test } from 'vitest';
import { renderStack } from '../../src/library.ts';
import { temporaryFolder } from '../program.ts';
import { allCases } from '../snapshots/matrix.ts';

/**
 * Other people's programs judge what we write. Each one also gets a seeded fault that it must find, because several of
 * them pass silently over what they could not read.
 */

interface LintResult {
  messages: { line: number; message: string }[];
}

/** The masked tree of a case on disk; what would lie outside the folder lies below `outside`. */
function written(name: string): { folder: string; envFile: string } {
  const folder = temporaryFolder();
  let envFile = '';
  for (const { path, content } of renderStack(allCases.find((one) => one.name === name)!.answers, {
    redactSecrets: true,
  })) {
    const file = join(folder, path.startsWith('/') ? `outside${path}` : path);
    if (path.endsWith('.env')) envFile = file;
    fsExtra.outputFileSync(file, content);
  }
  return { folder, envFile };
}

describe('docker compose config', () => {
  test('is asked of the oldest version that the README names, or of a newer one', () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    const [, least] = /Docker Compose (\d+\.\d+) or newer/.exec(readme) ?? [];
    const { stdout } = spawnSync('docker', ['compose', 'version', '--short'], { encoding: 'utf8' });
    const number = (version: string): number => {
      const [, major, minor] = /(\d+)\.(\d+)/.exec(version)!;
      return Number(major) * 1000 + Number(minor);
    };
    expect(least).toBe('2.26');
    expect(number(stdout)).toBeGreaterThanOrEqual(number(least!));
  });

  const config = (folder: string, envFile: string) =>
    spawnSync('docker', ['compose', '--env-file', envFile, '-f', 'docker-compose.yml', 'config', '-q'], {
      cwd: folder,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'] },
    });

  test.each(allCases.map(({ name }) => name))('%s: valid, without a warning', (name) => {
    const { folder, envFile } = written(name);
    const { status, stderr } = config(folder, envFile);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  test('a blank secret stops it', () => {
    const { folder, envFile } = written('production-acme-web-api-file');
    writeFileSync(
      envFile,
      readFileSync(envFile, 'utf8').replace(/^REDIS_APP_PASSWORD=.*$/m, 'REDIS_APP_PASSWORD='),
    );
    const { status, stderr } = config(folder, envFile);
    expect(status).not.toBe(0);
    expect(stderr).toContain('REDIS_APP_PASSWORD');
  });

  test('an unknown key is found', () => {
    const { folder, envFile } = written('production-acme-web-api-file');
    const file = join(folder, 'docker-compose.yml');
    writeFileSync(file, readFileSync(file, 'utf8').replace('read_only: true', 'read_onyl: true'));
    expect(config(folder, envFile).status).not.toBe(0);
  });
});

describe('dclint', () => {
  const lint = (folder: string) =>
    new DCLinter({
      rules: {
        // Ours are in double quotes.
        'require-quotes-in-ports': [1, { quoteType: 'double' }],
        // The public edge listens on every address, IPv4 and IPv6, as a public site must; the report lists it.
        'no-unbound-port-interfaces': 0,
      },
      quiet: false,
      debug: false,
      exclude: ['docker-compose.override.yml'],
    })
      .lintFiles([join(folder, 'docker-compose.yml')], false)
      .flatMap(({ messages }: LintResult) => messages.map(({ line, message }) => `${line}: ${message}`));

  test.each(
    allCases
      .filter((_case, index) => index % 6 === 0 || index === allCases.length - 1)
      .map(({ name }) => name),
  )('%s: no message', (name) => {
    expect(lint(written(name).folder)).toEqual([]);
  });

  test('a seeded fault is found', () => {
    const { folder } = written('production-acme-web-api-file');
    const file = join(folder, 'docker-compose.yml');
    writeFileSync(file, readFileSync(file, 'utf8').replace('image: nginx:1.30', 'image: nginx'));
    expect(lint(folder).join('\n')).toMatch(/tag|version/i);
  });
});
