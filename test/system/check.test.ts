import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { createAuthority } from '../../src/certs/authority.ts';
import { issueLeaf } from '../../src/certs/leaf.ts';
import { parseArguments } from '../../src/cli/args.ts';
import { check } from '../../src/cli/commands/check.ts';
import { writeStack } from '../../src/cli/commands/create.ts';
import { parseEnvFile } from '../../src/secrets/env-parse.ts';
import { newStackText } from '../../src/stack/document.ts';
import { parseStackDocument } from '../../src/stack/load.ts';
import type { StackInput } from '../../src/stack/schema.ts';
import type { Finding } from '../../src/verify/finding.ts';
import { fingerprint } from '../program.ts';
import { answers } from '../unit/verify-fixture.ts';

const place = mkdtempSync(join(tmpdir(), 'secure-stack-check-'));
const pristine = ownFolder('pristine');
const MAIL_KEY = 'mail-key-0123456789abcdef';
let copies = 0;

beforeAll(() => makeStack(pristine, answers));
afterAll(() => rmSync(place, { recursive: true, force: true }));
afterEach(() => vi.useRealTimers());

async function makeStack(folder: string, input: StackInput): Promise<void> {
  const source = parseStackDocument(newStackText(input), 'stack.yaml');
  await writeStack(
    { folder, source, answersRead: undefined, supplied: { WEB_MAIL_KEY: MAIL_KEY } },
    async () => [],
  );
}

/** Not beside another stack, whose copy it would be taken for. */
function ownFolder(name: string): string {
  mkdirSync(join(place, name));
  return join(place, name, 'stack');
}

/** Each test has a stack of its own, as it is right after it was written. */
function newFolder(): string {
  const folder = ownFolder(`copy-${copies++}`);
  execFileSync('cp', ['-a', pristine, folder]);
  return folder;
}

function git(folder: string, ...args: string[]): void {
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], {
    cwd: folder,
    stdio: 'pipe',
  });
}

function newRepository(): string {
  const folder = newFolder();
  git(folder, 'init', '-q');
  git(folder, 'add', '.');
  git(folder, 'commit', '-qm', 'stack');
  return folder;
}

interface Checked {
  code: number;
  findings: Finding[];
  /** Rules of everything that fails the check. */
  rules: string[];
  notes: string[];
  text: string;
}

async function run(folder: string): Promise<Checked> {
  const texts: string[] = [];
  const output = {
    result: (text: string) => void texts.push(text),
    note: (text: string) => void texts.push(text),
    style: (_format: unknown, text: string) => text,
    width: 80,
  };
  const json = await check({ args: parseArguments(['check', folder, '--json']), output });
  const { ok, findings } = JSON.parse(texts[0]!) as { ok: boolean; findings: Finding[] };
  const code = await check({ args: parseArguments(['check', folder]), output });
  expect(json).toBe(code);
  expect(ok).toBe(code === 0);
  const text = texts.join('\n');
  expectNoSecretIn(text, folder);
  const ruleNames = (wanted: boolean) =>
    findings.filter(({ severity }) => (severity === 'note') === wanted).map(({ rule }) => rule);
  return { code, findings, rules: ruleNames(false), notes: ruleNames(true), text };
}

/** Every value the stack was made with, however the test has broken the files since. */
function expectNoSecretIn(text: string, folder: string): void {
  if (!folder.startsWith(join(place, 'copy-'))) return;
  const { values } = parseEnvFile(readFileSync(join(pristine, '.env'), 'utf8'), '.env');
  const leaked = values
    .names()
    .filter((name) => values.get(name).length > 8 && text.includes(values.get(name)));
  expect(leaked).toEqual([]);
}

const edit = (folder: string, path: string, from: string | RegExp, to: string) => {
  const file = join(folder, path);
  const before = readFileSync(file, 'utf8');
  const after = before.replace(from, to);
  expect(after).not.toBe(before);
  writeFileSync(file, after);
};
const append = (folder: string, path: string, text: string) => appendFileSync(join(folder, path), text);
const secretValue = (id: string) =>
  parseEnvFile(readFileSync(join(pristine, '.env'), 'utf8'), '.env').values.get(id);

describe('a clean folder', () => {
  test('outside of git: exit 0, nothing found but that git was skipped; nothing is written', async () => {
    const folder = newFolder();
    const before = fingerprint(folder);
    const { code, rules, notes, text } = await run(folder);
    expect({ code, rules, notes }).toEqual({ code: 0, rules: [], notes: ['git.skipped'] });
    expect(text).toMatch(/^Nothing wrong found; 1 note\.$/m);
    expect(fingerprint(folder)).toEqual(before);
  });

  test('in a git repository: exit 0, nothing at all', async () => {
    const { code, findings, text } = await run(newRepository());
    expect({ code, findings }).toEqual({ code: 0, findings: [] });
    expect(text).toMatch(/^Nothing wrong found\.$/m);
  });

  test('below the top of a repository', async () => {
    const top = join(place, 'monorepo');
    mkdirSync(top);
    execFileSync('cp', ['-a', pristine, join(top, 'deploy')]);
    git(top, 'init', '-q');
    git(top, 'add', '.');
    expect((await run(join(top, 'deploy'))).findings).toEqual([]);
    writeFileSync(join(top, 'notes.txt'), `one\n${secretValue('WEB_COOKIE_KEY')}\n`);
    git(top, 'add', '.');
    expect((await run(join(top, 'deploy'))).findings).toMatchObject([
      { rule: 'git.secret-value', file: '../notes.txt', line: 2 },
    ]);
  });

  test('a fresh clone has no secrets: noted, not failed', async () => {
    const clone = join(place, 'clone');
    execFileSync('git', ['clone', '-q', newRepository(), clone], { stdio: 'pipe' });
    expect(await run(clone)).toMatchObject({ code: 0, rules: [], notes: ['secrets.absent'] });
  });

  test('with secrets outside that this user cannot read', async () => {
    const folder = join(place, 'outside');
    const location = join(place, 'etc-shop');
    mkdirSync(location, { mode: 0o700 });
    await makeStack(folder, { ...answers, secrets: { location } });
    expect(await run(folder)).toMatchObject({ code: 0, rules: [] });
    // Root reads whatever it wants, so the test becomes somebody else; anybody else loses the right by the mode.
    const isRoot = process.geteuid!() === 0;
    for (const open of [
      place,
      join(folder, 'certs'),
      join(folder, 'certs/ca'),
      join(folder, 'certs/ca/ca.key'),
    ])
      chmodSync(open, 0o755);
    if (isRoot) process.seteuid!(65534);
    else chmodSync(location, 0);
    try {
      const { notes, findings, rules } = await run(folder);
      expect(notes).toContain('secrets.unreadable');
      expect(findings.filter(({ file }) => file.startsWith(location))).toMatchObject([{ severity: 'note' }]);
      expect([...new Set(rules)]).toEqual(['mode.secret']);
    } finally {
      if (isRoot) process.seteuid!(0);
      else chmodSync(location, 0o700);
    }
  });
});

describe('exit codes', () => {
  test('3 where there is no stack', async () => {
    await expect(run(join(place, 'nowhere'))).rejects.toMatchObject({ name: 'UserError', exit: 3 });
  });

  test('2 for answers that are not valid', async () => {
    const folder = newFolder();
    edit(folder, 'stack.yaml', 'environment: production', 'environment: prod');
    await expect(run(folder)).rejects.toMatchObject({ name: 'UserError', exit: 2 });
  });
});

function withoutDatabase(folder: string): void {
  const { postgres: _, ...services } = answers.services!;
  const apps = { ...answers.apps, web: { ...answers.apps!['web']!, needs: [] } };
  writeFileSync(join(folder, 'stack.yaml'), newStackText({ ...answers, services, apps }));
}

/** What is done to a clean folder, and the one rule that must find it. */
type Fault = [rule: string, what: string, seed: (folder: string) => void, place?: Partial<Finding>];

const faults: Fault[] = [
  [
    'drift.missing',
    'a deleted file',
    (f) => rmSync(join(f, 'nginx/nginx.conf')),
    { file: 'nginx/nginx.conf' },
  ],
  ['drift.missing', 'a deleted example', (f) => rmSync(join(f, '.env.example')), { file: '.env.example' }],
  ['drift.obsolete', 'a file of an answer that is gone', (f) => withoutDatabase(f), {}],
  [
    'drift.lock',
    'a broken lock file',
    (f) => writeFileSync(join(f, 'images.lock.json'), '{'),
    { file: 'images.lock.json' },
  ],
  [
    'drift.refused',
    'a damaged manifest',
    (f) => writeFileSync(join(f, '.secure-stack/manifest.json'), '{'),
    { file: '.secure-stack/manifest.json' },
  ],
  [
    'drift.left-over',
    'a .new file',
    (f) => writeFileSync(join(f, 'docker-compose.yml.new'), 'x'),
    { file: 'docker-compose.yml.new' },
  ],
  ['mode.secret', 'a readable .env', (f) => chmodSync(join(f, '.env'), 0o644), { file: '.env' }],
  ['mode.secret', 'an open secrets folder', (f) => chmodSync(join(f, 'secrets'), 0o755), { file: 'secrets' }],
  [
    'mode.secret',
    'a readable CA key',
    (f) => chmodSync(join(f, 'certs/ca/ca.key'), 0o640),
    { file: 'certs/ca/ca.key' },
  ],
  ['mode.shared-folder', 'a folder for everybody', (f) => chmodSync(f, 0o777), { file: '.env' }],
  [
    'mode.loose',
    'a writable configuration',
    (f) => chmodSync(join(f, 'docker-compose.yml'), 0o666),
    { file: 'docker-compose.yml' },
  ],
  [
    'mode.strict',
    'a script nobody can start',
    (f) => chmodSync(join(f, 'firewall/firewall.sh'), 0o644),
    { file: 'firewall/firewall.sh' },
  ],
  ['env.missing', 'no .env', (f) => rmSync(join(f, '.env')), { file: '.env' }],
  ['env.syntax', 'a line that is none', (f) => append(f, '.env', 'nonsense\n'), { file: '.env' }],
  [
    'env.order',
    'a line elsewhere',
    (f) => {
      const text = readFileSync(join(f, '.env'), 'utf8');
      const line = /^WEB_COOKIE_KEY=.*\n/m.exec(text)![0];
      writeFileSync(join(f, '.env'), text.replace(line, '') + line);
    },
    { file: '.env' },
  ],
  [
    'env.format',
    'a value of the wrong kind',
    (f) => edit(f, '.env', /^WEB_COOKIE_KEY=.*$/m, 'WEB_COOKIE_KEY=short'),
    { file: '.env' },
  ],
  [
    'env.format',
    'a setting that is none of its values',
    (f) => edit(f, '.env', /^POSTGRES_APP_ROLE=.*$/m, 'POSTGRES_APP_ROLE=shop'),
    { file: '.env' },
  ],
  [
    'env.computed',
    'a computed value, edited',
    (f) => edit(f, '.env', /^(WEB_DATABASE_URL)=.*$/m, '$1=postgresql://x'),
    { file: '.env' },
  ],
  [
    'secrets.missing-file',
    'a deleted secret file',
    (f) => rmSync(join(f, 'secrets/web_cookie_key')),
    { file: 'secrets/web_cookie_key' },
  ],
  [
    'secrets.out-of-step',
    'an edited secret file',
    (f) => writeFileSync(join(f, 'secrets/web_cookie_key'), 'other'),
    { file: 'secrets/web_cookie_key' },
  ],
  [
    'certs.missing',
    'no key for the edge',
    (f) => rmSync(join(f, 'certs/live/privkey.pem')),
    { file: 'certs/live/privkey.pem' },
  ],
  [
    'certs.renew',
    'a key of another certificate',
    (f) => cpSync(join(f, 'certs/ca/ca.key'), join(f, 'certs/live/privkey.pem')),
    { file: 'certs/live/fullchain.pem' },
  ],
  [
    'certs.renew',
    'a damaged certificate',
    (f) => writeFileSync(join(f, 'certs/live/fullchain.pem'), 'x'),
    { file: 'certs/live/fullchain.pem' },
  ],
  [
    'compose.database-port',
    'a published database',
    (f) =>
      writeFileSync(
        join(f, 'docker-compose.override.yml'),
        'services:\n  postgres:\n    ports: ["5432:5432"]\n',
      ),
    { file: 'docker-compose.override.yml', line: 3 },
  ],
  [
    'compose.privileged',
    'a privileged edit',
    (f) => edit(f, 'docker-compose.yml', /( +)read_only: true # .*\n/, '$&$1privileged: true\n'),
    { file: 'docker-compose.yml' },
  ],
];

describe('one fault, one rule', () => {
  test.each(faults)('%s: %s', async (rule, _what, seed, where = {}) => {
    const folder = newFolder();
    seed(folder);
    const { code, rules, findings, text } = await run(folder);
    expect(code).toBe(4);
    expect(rules).toContain(rule);
    expect(findings.find((one) => one.rule === rule && one.severity !== 'note')).toMatchObject(where);
    expect(text).toMatch(/^Found \d+ (error|warning)s?.*\.$/m);
  });

  test('a key removed from .env', async () => {
    const folder = newFolder();
    edit(folder, '.env', /^WEB_COOKIE_KEY=.*\n/m, '');
    expect(await run(folder)).toMatchObject({ code: 4, rules: ['env.missing-key'] });
  });

  test.each([
    ['env.blank', ''],
    ['env.placeholder', '...'],
  ])('%s', async (rule, value) => {
    const folder = newFolder();
    const example = readFileSync(join(folder, '.env.example'), 'utf8');
    const placeholder = /^WEB_MAIL_KEY=(.*)$/m.exec(example)![1]!;
    edit(folder, '.env', /^WEB_MAIL_KEY=.*$/m, `WEB_MAIL_KEY=${value === '' ? '' : placeholder}`);
    const { code, rules, findings } = await run(folder);
    expect({ code, rules }).toEqual({ code: 4, rules: [rule] });
    expect(findings[0]!.line).toBeGreaterThan(1);
  });

  test('.env changed by hand: the files made from it are out of step', async () => {
    const folder = newFolder();
    edit(
      folder,
      '.env',
      /^POSTGRES_APP_PASSWORD=.*$/m,
      'POSTGRES_APP_PASSWORD=Zk3Qp9Xw7Rt5Yv1Bn8Mc2Lf6Hd4Gs0JaKe7Uo3Wi6Tb',
    );
    const { rules } = await run(folder);
    expect([...new Set(rules)]).toEqual(['env.computed', 'secrets.out-of-step']);
  });

  test('a symbolic link in place of .env', async () => {
    const folder = newFolder();
    const elsewhere = join(place, 'elsewhere.env');
    cpSync(join(folder, '.env'), elsewhere);
    rmSync(join(folder, '.env'));
    symlinkSync(elsewhere, join(folder, '.env'));
    expect(await run(folder)).toMatchObject({ code: 4, rules: ['mode.link'] });
  });

  test('a key in .env that nothing reads is noted', async () => {
    const folder = newFolder();
    append(folder, '.env', 'OLD_TOKEN=abc\n');
    expect(await run(folder)).toMatchObject({ code: 0, notes: ['git.skipped', 'env.surplus-key'] });
  });
});

test('a person reads one line a finding, the worst first, and the sum', async () => {
  const folder = newFolder();
  writeFileSync(
    join(folder, 'docker-compose.override.yml'),
    'services:\n  web:\n    healthcheck: {disable: true}\n    privileged: true\n',
  );
  const { text } = await run(folder);
  const file = `${folder}/docker-compose.override.yml`;
  expect(text.slice(text.indexOf('}\n1 error:') + 2).split('\n')).toEqual([
    '1 error:',
    `${file}:4: web is privileged: who is in it is root on the host (remove it; give the one device or capability that is needed) [compose.privileged]`,
    '',
    '1 warning:',
    `${file}:3: web has its health check switched off (apps.web.health: probe or command) [compose.healthcheck]`,
    '',
    '1 note:',
    expect.stringMatching(
      /: not checked for secrets in git: the folder is in no git work tree \[git\.skipped\]$/,
    ),
    '',
    'Found 1 error, 1 warning, 1 note.',
  ]);
});

describe('names that Compose looks for besides ours', () => {
  test('a file it prefers', async () => {
    const folder = newFolder();
    writeFileSync(join(folder, 'compose.yaml'), 'services: {}\n');
    expect(await run(folder)).toMatchObject({ code: 4, rules: ['compose.shadowed'] });
  });

  test.each(['compose.override.yml', 'docker-compose.override.yaml'])(
    '%s is an override too',
    async (file) => {
      const folder = newFolder();
      writeFileSync(join(folder, file), 'services: {web: {privileged: true}}\n');
      expect(await run(folder)).toMatchObject({
        code: 4,
        rules: ['compose.privileged'],
        findings: [{ file }, {}],
      });
    },
  );
});

describe('drift', () => {
  test('an edit of the user’s that a run would keep is noted', async () => {
    const folder = newFolder();
    edit(folder, 'nginx/nginx.conf', /^/, '# mine\n');
    expect(await run(folder)).toMatchObject({ code: 0, rules: [], notes: ['git.skipped', 'drift.edited'] });
  });

  test('a change of stack.yaml that was not run', async () => {
    const folder = newFolder();
    edit(folder, 'stack.yaml', 'acme/web:1.0', 'acme/web:2.0');
    const { code, findings } = await run(folder);
    expect(code).toBe(4);
    expect(findings).toContainEqual(
      expect.objectContaining({ rule: 'drift.outdated', severity: 'error', file: 'docker-compose.yml' }),
    );
  });

  test('the same beside an edit that merges', async () => {
    const folder = newFolder();
    edit(folder, 'docker-compose.yml', /^/, '# mine\n');
    edit(folder, 'stack.yaml', 'acme/web:1.0', 'acme/web:2.0');
    expect((await run(folder)).rules).toContain('drift.outdated');
  });

  test('an edit that conflicts, before and after the run', async () => {
    const folder = newFolder();
    edit(folder, 'docker-compose.yml', 'acme/web:1.0', 'acme/web:1.1');
    edit(folder, 'stack.yaml', 'acme/web:1.0', 'acme/web:2.0');
    expect((await run(folder)).rules).toContain('drift.conflict');
    const text = readFileSync(join(folder, 'stack.yaml'), 'utf8');
    const source = parseStackDocument(text, 'stack.yaml');
    await writeStack({ folder, source, answersRead: text, supplied: {} }, async () => []);
    const { rules, findings } = await run(folder);
    expect(rules).toEqual(['drift.conflict']);
    expect(findings[0]!.message).toContain('docker-compose.yml.new');
    rmSync(join(folder, 'docker-compose.yml.new'));
    expect(await run(folder)).toMatchObject({ code: 0, rules: [] });
  });

  test('the tag "latest" in the answers, until it is pinned', async () => {
    const folder = newFolder();
    edit(folder, 'stack.yaml', 'acme/web:1.0', 'acme/web:latest');
    const found = (await run(folder)).findings.find(({ rule }) => rule === 'stack.latest');
    expect(found).toMatchObject({ severity: 'warning', file: 'stack.yaml', line: expect.any(Number) });
    const digest = `sha256:${'a'.repeat(64)}`;
    writeFileSync(join(folder, 'images.lock.json'), JSON.stringify({ 'acme/web:latest': digest }));
    expect((await run(folder)).rules).not.toContain('stack.latest');
  });
});

describe('what the answers say', () => {
  test('a secret in plain text is told where it was written, and warned of at once', async () => {
    const folder = newFolder();
    edit(folder, 'stack.yaml', /^( +)web:\n/m, '$1web:\n$1  environment: {SMTP_PASSWORD: hunter2hunter2}\n');
    const { code, findings } = await run(folder);
    expect(code).toBe(4);
    const found = findings.filter(({ rule }) => rule.endsWith('plain-secret'));
    expect(found).toMatchObject([
      { rule: 'stack.plain-secret', file: 'stack.yaml', line: expect.any(Number) },
    ]);
    expect(JSON.stringify(findings)).not.toContain('hunter2');
  });

  test('a folder to build from that is not there', async () => {
    const folder = newFolder();
    edit(folder, 'stack.yaml', 'image: acme/web:1.0', 'build: {context: ./web}');
    const missing = async () =>
      (await run(folder)).findings.filter(({ rule }) => rule === 'stack.missing-source');
    expect(await missing()).toMatchObject([
      { severity: 'error', file: 'stack.yaml', line: expect.any(Number) },
    ]);
    mkdirSync(join(folder, 'web'));
    expect(await missing()).toEqual([]);
  });
});

test('another user is told what he may not see', async () => {
  const folder = join(place, 'not-mine');
  cpSync(pristine, folder, { recursive: true });
  const isRoot = process.geteuid!() === 0;
  chmodSync(place, 0o755);
  if (isRoot) process.seteuid!(65534);
  else for (const path of ['certs', '.env']) chmodSync(join(folder, path), 0);
  try {
    const { code, rules } = await run(folder);
    expect(code).toBe(4);
    expect(rules).toContain('drift.unreadable');
  } finally {
    if (isRoot) process.seteuid!(0);
  }
});

describe('git', () => {
  test('a secret that is tracked', async () => {
    const folder = newRepository();
    git(folder, 'add', '-f', '.env', 'secrets/web_cookie_key', 'certs/live/privkey.pem');
    const { code, findings } = await run(folder);
    expect(code).toBe(4);
    expect(findings.map(({ rule, file }) => `${rule} ${file}`)).toEqual([
      'git.tracked-secret .env',
      'git.tracked-secret certs/live/privkey.pem',
      'git.tracked-secret secrets/web_cookie_key',
    ]);
  });

  test('a secret that is not ignored, in a repository whose user ignores it for himself alone', async () => {
    const folder = newRepository();
    edit(folder, '.gitignore', /^\/secrets\/\n/m, '');
    const own = join(place, 'own-ignores');
    writeFileSync(own, 'secrets/\n');
    vi.stubEnv('GIT_CONFIG_COUNT', '1');
    vi.stubEnv('GIT_CONFIG_KEY_0', 'core.excludesFile');
    vi.stubEnv('GIT_CONFIG_VALUE_0', own);
    const { code, rules } = await run(folder);
    vi.unstubAllEnvs();
    expect(code).toBe(4);
    expect([...new Set(rules)]).toEqual(['git.not-ignored']);
  });

  test('a value pasted into a tracked file, committed or not: its name and line are told', async () => {
    const folder = newRepository();
    append(folder, 'docker-compose.override.yml', `# key: ${MAIL_KEY}\n`);
    const line = readFileSync(join(folder, 'docker-compose.override.yml'), 'utf8').split('\n').length - 1;
    const expected = [
      {
        rule: 'git.secret-value',
        file: 'docker-compose.override.yml',
        line,
        message: expect.stringContaining('WEB_MAIL_KEY'),
      },
    ];
    expect((await run(folder)).findings).toMatchObject(expected);
    git(folder, 'commit', '-qam', 'oops');
    expect((await run(folder)).findings).toMatchObject(expected);
    git(folder, 'rm', '-q', '--cached', 'docker-compose.override.yml');
    expect((await run(folder)).findings).toEqual([]);
  });

  test('a repository’s own programs are not started', async () => {
    const folder = newRepository();
    const mark = join(place, 'started');
    const hook = join(place, 'hook.sh');
    writeFileSync(hook, `#!/bin/sh\ntouch ${mark}\n`, { mode: 0o755 });
    git(folder, 'config', 'core.fsmonitor', hook);
    git(folder, 'config', 'core.pager', hook);
    git(folder, 'config', 'diff.external', hook);
    await run(folder);
    expect(() => readFileSync(mark)).toThrow(/ENOENT/);
    git(folder, 'status');
    expect(readFileSync(mark, 'utf8')).toBe('');
  });

  test('a repository git cannot read: noted, not taken for one without secrets', async () => {
    const folder = newRepository();
    writeFileSync(join(folder, '.git/index'), 'damaged');
    const { code, notes, text } = await run(folder);
    expect({ code, notes }).toEqual({ code: 0, notes: ['git.skipped'] });
    expect(text).toContain('git cannot read the repository');
  });

  test('without git: noted', async () => {
    const folder = newRepository();
    vi.stubEnv('PATH', dirname(process.execPath) === '/usr/bin' ? place : dirname(process.execPath));
    const result = await run(folder);
    vi.unstubAllEnvs();
    expect(result).toMatchObject({ code: 0, notes: ['git.skipped'] });
  });
});

describe('certificates near their end', () => {
  test('of the development CA, with a third of their life left', async () => {
    const folder = newFolder();
    const later = new Date(Date.now() + 350 * 86_400_000);
    vi.useFakeTimers({ toFake: ['Date'], now: later });
    const { code, rules, findings } = await run(folder);
    expect({ code, rules }).toEqual({ code: 4, rules: ['certs.renew'] });
    expect(findings[0]).toMatchObject({
      file: 'certs/live/fullchain.pem',
      message: expect.stringMatching(/expires? on|expired on/),
    });
  });

  test('not covering a domain that was added', async () => {
    const folder = newFolder();
    edit(folder, 'stack.yaml', /- shop.example.com/, '- shop.example.com\n  - other.example.org');
    const { rules, findings } = await run(folder);
    expect(rules).toContain('certs.renew');
    expect(findings.find(({ file }) => file === 'certs/live/fullchain.pem')!.message).toContain(
      'other.example.org',
    );
  });

  describe('given as files', () => {
    const folder = () => join(place, 'given/stack');

    beforeAll(async () => {
      const from = join(place, 'own');
      mkdirSync(from);
      ownFolder('given');
      const names = answers.domains!;
      const now = new Date();
      const authority = await createAuthority({ stackName: 'shop', domains: names, now });
      const leaf = await issueLeaf({ authority, names, now, days: 60 });
      writeFileSync(join(from, 'cert.pem'), leaf.certificatePem);
      writeFileSync(join(from, 'key.pem'), leaf.keyPem);
      await makeStack(folder(), {
        ...answers,
        tls: { mode: 'files', certificate: join(from, 'cert.pem'), key: join(from, 'key.pem') },
      });
    });

    test('clean at first, a warning in the last two weeks, an error afterwards', async () => {
      expect(await run(folder())).toMatchObject({ code: 0, rules: [] });
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 50 * 86_400_000 });
      expect(await run(folder())).toMatchObject({ code: 4, rules: ['certs.warning'] });
      vi.setSystemTime(Date.now() + 15 * 86_400_000);
      expect(await run(folder())).toMatchObject({ code: 4, rules: ['certs.invalid'] });
    });

    test('renewed at their source, not yet taken over', async () => {
      appendFileSync(join(place, 'own/cert.pem'), '\n');
      expect(await run(folder())).toMatchObject({ code: 4, rules: ['certs.out-of-step'] });
    });
  });
});
