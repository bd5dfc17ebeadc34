import { spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fingerprint, PROGRAM, program, temporaryFolder, unread } from '../program.ts';

const cwd = temporaryFolder();
const run = (args: string[], options: Parameters<typeof program>[1] = {}) =>
  program(args, { cwd, ...options });
const production = [
  '--environment',
  'production',
  '--domain',
  'shop.example.com',
  '--tls',
  'dev-ca',
  '--yes',
];

describe('wrong use: exit 2, one line, nothing written', () => {
  test.each<[string, string[], RegExp]>([
    [
      'an unknown flag',
      ['a', '--enviroment', 'production'],
      /^error: unknown flag --enviroment \(did you mean "--environment"\?\)$/,
    ],
    [
      'a flag of another command',
      ['check', '--out', 'x'],
      /^error: unknown flag --out for check \(it belongs to render\)$/,
    ],
    ['a flag without its value', ['a', '--name'], /^error: .*--name VALUE.* \(see --help\)$/],
    ['a folder without a name', ['', '--yes'], /^error: the name of the folder is empty \(see --help\)$/],
    [
      'a folder as the answers',
      ['a', '--config', '.'],
      /^error: --config \.: is a folder, a file was expected$/,
    ],
    [
      'everything at once: a preset, answers, a service',
      [
        ...['a', '--yes', '--environment', 'production', '--domain', 'a;b', '--ssh-port', 'abc'],
        ...['--ssh-from', 'foo', '--service', 'postgre', '--preset', 'webapi', '--tls-terms', 'accepted'],
      ],
      /^error: unknown preset "webapi" \(did you mean "web-api"\?\)\nerror: --domain: .*";"\nerror: --service postgre: .*did you mean "postgres"\?\)\nerror: --ssh-port: .*\nerror: --ssh-from: .*$/,
    ],
    [
      'everything at once: apps, a place, a service; nothing about what they may have held',
      [
        ...['a', '--yes', '--app', 'nmae=b', '--app', 'name=c,needs=b', '--service', 'nope'],
        ...['--set', 'domains[7]=b.localhost', '--set', 'x'],
      ],
      /^error: --app nmae=b: "nmae" is not known \(did you mean "name"\?\)\nerror: --set x: .*\nerror: --set domains\[7\]: .*\nerror: --service nope: services\.nope: is not a known setting$/,
    ],
    [
      'what is missing with what is wrong',
      ['a', '--environment', 'prod', '--name', 'A'],
      /^error: --name: must .*\nerror: --environment: must .*\nerror: domains: is missing .*\nerror: there is no terminal to ask on/,
    ],
    ['two folders', ['a', 'b'], /^error: takes one folder, not 2: a b \(see --help\)$/],
    [
      'a wrong environment',
      ['a', '--yes', '--environment', 'prod'],
      /^error: --environment: must be development, staging or production, not "prod"/,
    ],
    [
      'an unknown preset',
      ['a', '--yes', '--preset', 'lamp'],
      /^error: unknown preset "lamp" \(there are web-api, single-app, empty\)$/,
    ],
    [
      'a wrong --app',
      ['a', '--yes', '--app', 'name=x,prot=http'],
      /^error: --app name=x,prot=http: "prot" is not known/,
    ],
    ['a wrong --set', ['a', '--yes', '--set', 'nonsense'], /^error: --set nonsense: is not PATH=VALUE/],
    [
      'a --set beyond the end of a list',
      ['a', '--yes', '--set', 'domains[7]=b.localhost'],
      /^error: --set domains\[7\]: domains has 0 entries; the next index is 0$/,
    ],
    [
      'a --set below an impossible name',
      ['a', '--yes', '--set', 'apps.__proto__.image=x'],
      /^error: --set apps\.__proto__\.image: "__proto__" is a reserved name; choose another one$/,
    ],
    [
      'a wrong value by --set: no file is named that is not there',
      ['a', '--yes', '--app', 'name=web,port=0', '--set', 'edge.workers=none'],
      /^error: --app name=web: apps\.web\.port: must be at least 1, not 0\nerror: --set edge\.workers: must be a number, not "none"$/,
    ],
    [
      'an app with an impossible name',
      ['a', '--yes', '--app', 'name=__proto__'],
      /^error: --app name=__proto__: "__proto__" is a reserved name; choose another one$/,
    ],
    [
      'a certificate that is not there',
      ['a', '--yes', '--tls', 'files', '--tls-certificate', 'none.pem', '--tls-key', 'none.pem'],
      /^error: tls\.certificate: there is no file \/.*\/none\.pem$/,
    ],
    [
      'a mistyped command',
      ['chek', '--yes'],
      /^error: chek: there is no such command or folder \(did you mean "check"\? A new stack of that name: \.\/chek\)$/,
    ],
    [
      'an unknown setting',
      ['a', '--yes', '--set', 'egde.workers=3'],
      /egde: is not a known setting \(did you mean "edge"\?\)$/,
    ],
    [
      'a missing config file',
      ['a', '--config', 'none.yaml'],
      /^error: --config none\.yaml: there is no such file$/,
    ],
    [
      'a secret on the command line',
      ['a', '--yes', '--secret-file', 'KEY'],
      /^error: --secret-file takes NAME=FILE/,
    ],
    [
      'production without a domain',
      ['a', '--yes', '--environment', 'production'],
      /^error: domains: is missing \(give --domain NAME\)\nerror: tls\.terms: is missing \(give --tls-terms accepted\|declined\)$/,
    ],
    [
      'neither test certificates nor real ones',
      ['a', '--yes', '--tls-staging', 'maybe'],
      /^error: --tls-staging: must be true or false, not "maybe"/,
    ],
    [
      'test certificates where no authority is asked',
      ['a', '--yes', '--tls-staging', 'true'],
      /^error: --tls-staging: belongs to mode "acme", not "dev-ca"$/,
    ],
    ['an unknown secret', ['a', '--yes', '--secret-file', 'NOPE=/dev/null'], /NOPE/],
    [
      'an unknown explanation',
      ['explain', 'read_onyl'],
      /^error: there is no explanation for "read_onyl" \(did you mean "read_only"\?\)$/,
    ],
  ])('%s', (_name, args, message) => {
    const { code, stdout, stderr } = run(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.trimEnd()).toMatch(message);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(existsSync(join(cwd, 'a'))).toBe(false);
  });
});

test('without a terminal and without --yes it lists every missing answer with its flag', () => {
  const { code, stdout, stderr } = run([]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  for (const flag of ['--name NAME', '--environment development|staging|production', '--domain NAME'])
    expect(stderr).toContain(`(give ${flag})`);
  expect(stderr).toContain('there is no terminal to ask on');
  // Whether there are terms to accept depends on the environment.
  expect(stderr).not.toContain('tls');
});

describe('help and version', () => {
  test('a flag of two commands is explained for each of them, and known to belong to both', () => {
    const of = (args: string[]): string => run([...args, '--help']).stdout.replace(/\s+/g, ' ');
    expect(of([])).toMatch(/--force make new passwords although Docker holds data/);
    expect(of(['cert'])).toMatch(/--force renew: a new certificate though none is due/);
    expect(run(['check', '--force']).stderr).toContain('(it belongs to the wizard, cert, rotate)');
  });

  test.each(['create', 'check', 'render', 'explain', 'pin'])(
    '%s --help: examples first, on standard output',
    (command) => {
      const { code, stdout, stderr } = run(command === 'create' ? ['--help'] : [command, '--help']);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout.indexOf('Examples')).toBeLessThan(stdout.indexOf('Usage:'));
      expect(stdout).toContain('Exit codes');
      for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
    },
  );

  test('--version prints the version alone', () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    expect(run(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });
});

describe('a stream that takes nothing', () => {
  test.each<[string, string[], number, string]>([
    ['the help', ['--help'], 0, ''],
    ['a result, after the work', ['closed', '--yes', '--json'], 0, 'closed/stack.yaml'],
    ['a mistake', ['closed', '--json', '--domain', 'a;b'], 2, ''],
  ])(
    'a reader who has gone: %s ends quietly, with the code of its work',
    async (_name, args, code, written) => {
      expect(await unread([PROGRAM, ...args], { cwd })).toEqual({ code, stderr: '' });
      expect(existsSync(join(cwd, written))).toBe(true);
    },
  );

  test.each([[['--help']], [['--version']], [['explain', 'read_only', '--json']]])(
    'a full disk behind standard output: %j says so in one line',
    (args) => {
      const full = openSync('/dev/full', 'w');
      const { status, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], {
        cwd,
        stdio: ['ignore', full, 'pipe'],
        encoding: 'utf8',
      });
      closeSync(full);
      expect([status, stderr]).toEqual([1, 'error: standard output cannot be written: no space left\n']);
    },
  );

  test('a full disk behind both ends as a failure, without a trace', () => {
    const full = openSync('/dev/full', 'w');
    const { status } = spawnSync(process.execPath, [PROGRAM, '--help'], { stdio: ['ignore', full, full] });
    closeSync(full);
    expect(status).toBe(1);
  });
});

describe('a new stack', () => {
  test('--yes writes a development stack and says how to start it', () => {
    const { code, stdout, stderr } = run(['first', '--yes']);
    expect(code).toBe(0);
    expect(stdout).toContain('cd first\n');
    expect(stdout).toContain('docker compose up -d --wait\n');
    expect(stdout).toContain('npx create-secure-stack@latest . --yes --name first');
    expect(stderr).toContain('new development CA');
    expect(stdout + stderr).not.toContain('\u001b[');
  });

  test('the equivalent command gives the same answers', () => {
    const answers = [
      '--name',
      'shop',
      '--environment',
      'staging',
      '--domain',
      'a.example.com,b.example.com',
      '--ssh-port',
      '2222',
      '--ssh-from',
      '203.0.113.0/24',
      '--tls',
      'dev-ca',
      '--service',
      'redis',
    ];
    const app =
      'name=api,build=./api,port=3000,protocol=ws,health=/up,path=/api,host=a.example.com,needs=redis,secret=KEY:hmac,delivery=variable,egress=true';
    const first = run(['same-1', '--yes', ...answers, '--app', app]);
    expect(first.code, first.stderr).toBe(0);
    const command = /npx create-secure-stack@latest \. (.*)\n/.exec(first.stdout)![1]!;
    expect(run(['same-2', ...command.split(' ').map((word) => word.replace(/^'|'$/g, ''))]).code).toBe(0);
    expect(readFileSync(join(cwd, 'same-2/stack.yaml'), 'utf8')).toBe(
      readFileSync(join(cwd, 'same-1/stack.yaml'), 'utf8'),
    );
  });

  // What is pasted in order stands in the stack's folder after `cd`.
  test.each<[string, string[], string]>([
    ['by flags', ['--preset', 'web-api'], '. --yes --name'],
    ['by flags, of a stack without anything', ['--preset', 'empty'], '--preset empty'],
    ['by the file', ['--set', 'edge.workers=3'], '. --yes --config stack.yaml'],
  ])('the equivalent command, pasted where it stands, is about the same folder: %s', (_name, args, form) => {
    const folder = `pasted-${args[1]!.replace(/\W/g, '-')}`;
    const { stdout } = run([folder, '--yes', ...args]);
    const lines = stdout.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    expect(lines[0]).toBe(`cd ${folder}`);
    const pasted = lines.at(-1)!;
    expect(pasted).toContain(form);
    const before = fingerprint(join(cwd, folder));
    const words = pasted.replace('npx create-secure-stack@latest ', '').split(' ');
    const again = run(
      words.map((word) => word.replace(/^'|'$/g, '')),
      { cwd: join(cwd, folder) },
    );
    expect(again.code, again.stderr).toBe(0);
    expect(again.stderr).toContain('Nothing to change.');
    expect(fingerprint(join(cwd, folder))).toEqual(before);
  });

  test('with test certificates it says how to switch to real ones, which is what nobody has to ask for', () => {
    const public_ = ['--environment', 'production', '--domain', 'a.example.com', '--tls-terms', 'accepted'];
    const server = (name: string): string =>
      /LEGO_SERVER: (.*)/.exec(readFileSync(join(cwd, name, 'docker-compose.yml'), 'utf8'))![1]!;
    const real = run(['real', '--yes', ...public_]);
    expect(real.stdout).not.toContain('--tls-staging');
    const ADVICE = 'for first tries set tls.staging: true';
    expect(real.stderr).toContain(ADVICE);
    expect(run(['decided', '--yes', ...public_, '--tls-staging', 'false']).stderr).not.toContain(ADVICE);
    expect(run(['real', '--yes']).stderr).not.toContain(ADVICE);
    expect(server('real')).toBe('https://acme-v02.api.letsencrypt.org/directory');

    const tried = run(['tried', '--yes', ...public_, '--tls-staging', 'true']);
    expect(server('tried')).toContain('acme-staging');
    expect(tried.stderr).not.toContain(ADVICE);
    expect(tried.stderr).toMatch(/warning: tls\.staging: browsers warn every visitor/);
    const [, ...words] = /^npx create-secure-stack@latest (.*) && docker compose up -d --wait$/m
      .exec(tried.stdout)![1]!
      .split(' ');
    const switched = run(['tried', ...words]);
    expect(switched).toMatchObject({ code: 0, stderr: expect.not.stringContaining('tls.staging') });
    expect(server('tried')).toBe(server('real'));
  });

  test('certificate files are looked for where the user stands, before the folder is there', () => {
    const folder = (name: string): string => join(cwd, name);
    run(['authority', '--yes']);
    for (const [from, to] of [
      ['live/fullchain.pem', 'own.crt'],
      ['live/privkey.pem', 'own.key'],
    ] as const)
      writeFileSync(folder(to), readFileSync(folder(`authority/certs/${from}`)));
    const files = ['--tls', 'files', '--tls-certificate', 'own.crt', '--tls-key', './own.key'];
    const { code, stderr } = run(['with-files', '--yes', ...files]);
    expect(code, stderr).toBe(0);
    const text = readFileSync(folder('with-files/stack.yaml'), 'utf8');
    expect(text).toContain(`certificate: ${folder('own.crt')}\n  key: ${folder('own.key')}\n`);
  });

  test('one entry of a list by --set, in a new stack and in one that is there', () => {
    const args = [
      '--preset',
      'web-api',
      '--set',
      'apps.web.routes[0].path=/x',
      '--set',
      'apps.web.needs[1]=redis',
    ];
    const first = run(['entry', '--yes', ...args, '--set', 'domains[0]=a.localhost']);
    expect(first.code, first.stderr).toBe(0);
    const again = run([
      'entry',
      '--yes',
      '--set',
      'domains[1]=b.localhost',
      '--set',
      'apps.web.routes[0].path=/y',
    ]);
    expect(again.code, again.stderr).toBe(0);
    const text = readFileSync(join(cwd, 'entry/stack.yaml'), 'utf8');
    expect(text).toMatch(/domains:\n {2}- a\.localhost\n {2}- b\.localhost\n/);
    expect(text).toMatch(/routes:\n {6}- path: \/y\n {4}needs:\n {6}- api\n {6}- redis\n/);
    const negative = run(['entry', '--yes', '--set', 'apps.web.routes[-1].path=/z']);
    expect(negative.code).toBe(2);
    expect(negative.stderr).toBe(
      'error: --set apps.web.routes[-1].path: an index in [] must be a whole number from 0\n',
    );
    const wrong = run(['entry', '--yes', '--set', 'apps.web.port=0']);
    expect(wrong.stderr).toBe('error: --set apps.web.port: must be at least 1, not 0\n');
    expect(readFileSync(join(cwd, 'entry/stack.yaml'), 'utf8')).toBe(text);
  });

  test('a folder that begins with a dash: "cd" takes it', () => {
    expect(run(['./-dash', '--yes']).stdout).toContain('cd ./-dash\n');
  });

  test('a place that takes no folder is one line', () => {
    const { code, stderr } = run(['/proc/create-secure-stack', '--yes']);
    expect(code).toBe(1);
    expect(stderr).toBe(
      'error: /proc/create-secure-stack: no folder can be made there (name another folder)\n',
    );
  });

  test('--json prints one document and no secret', () => {
    const { code, stdout, stderr } = run(['json', '--yes', '--preset', 'web-api', '--json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const document = JSON.parse(stdout) as {
      files: { path: string; mode: string; action: string }[];
      nextSteps: unknown[];
    };
    expect(document.files.find(({ path }) => path === '.env')).toMatchObject({
      action: 'create',
      mode: '0600',
      class: 'secret',
    });
    expect(document.nextSteps.length).toBeGreaterThan(1);
    const env = readFileSync(join(cwd, 'json/.env'), 'utf8');
    for (const [, value] of env.matchAll(/^[A-Z_]+PASSWORD=(.+)$/gm)) expect(stdout).not.toContain(value);
    const written = (text: string): boolean => (JSON.parse(text) as { written: boolean }).written;
    expect(written(stdout)).toBe(true);
    expect(written(run(['json', '--yes', '--json']).stdout)).toBe(false);
  });

  test('a flag before the command is no folder’s name', () => {
    run(['flag-first', '--yes']);
    const { code, stdout } = run(['--json', 'check', 'flag-first']);
    expect(JSON.parse(stdout)).toHaveProperty('findings');
    expect([0, 4]).toContain(code);
    expect(existsSync(join(cwd, 'check'))).toBe(false);
  });

  test('--json reports a mistake as one document, with the same exit code', () => {
    const { code, stdout } = run(['json-2', '--yes', '--environment', 'production', '--json']);
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toEqual({
      error: {
        exit: 2,
        problems: [
          { path: 'domains', message: 'is missing', hint: 'give --domain NAME' },
          { path: 'tls.terms', message: 'is missing', hint: 'give --tls-terms accepted|declined' },
        ],
      },
    });
  });

  test('answers from standard input', () => {
    const input =
      'version: 1\nname: piped\nenvironment: development\ndomains: [localhost]\ntls: {mode: dev-ca}\n# mine\n';
    expect(run(['--config', '-'], { input }).code).toBe(0);
    expect(readFileSync(join(cwd, 'piped/stack.yaml'), 'utf8')).toBe(input);
  });

  test('--dry-run shows the whole diff and writes nothing', () => {
    const { code, stdout } = run(['dry', '--yes', '--preset', 'web-api', '--dry-run']);
    expect(code).toBe(0);
    expect(stdout).toContain('+++');
    expect(stdout).toContain('read_only: true');
    expect(stdout).toMatch(/\.env.*\(secret, not shown\)/);
    expect(existsSync(join(cwd, 'dry'))).toBe(false);
    expect(run(['dry', '--yes', '--dry-run', '--exit-code']).code).toBe(4);
  });

  test('refuses a folder that holds other things, and touches nothing', () => {
    const folder = join(cwd, 'foreign');
    mkdirSync(folder);
    writeFileSync(join(folder, 'thesis.txt'), 'mine');
    const { code, stderr } = run(['foreign', '--yes']);
    expect(code).toBe(3);
    expect(stderr).toBe('error: foreign: is not empty and holds no stack (name an empty or a new folder)\n');
    for (const more of [['--dry-run'], ['--dry-run', '--json'], ['--dry-run', '--exit-code']])
      expect(run(['foreign', '--yes', ...more]).code).toBe(3);
    expect(readdirSync(folder)).toEqual(['thesis.txt']);
  });

  test('refuses a file in place of the folder', () => {
    writeFileSync(join(cwd, 'a-file'), '');
    expect(run(['a-file', '--yes']).code).toBe(3);
  });

  test.each([0o000, 0o002, 0o077])('modes are the same under umask %o', (umask) => {
    const folder = `umask-${umask}`;
    const before = process.umask(umask);
    try {
      expect(run([folder, '--yes', '--preset', 'web-api']).code).toBe(0);
    } finally {
      process.umask(before);
    }
    const mode = (path: string): string => (statSync(join(cwd, folder, path)).mode & 0o777).toString(8);
    expect(
      Object.fromEntries(
        [
          '.env',
          'secrets',
          'secrets/postgres_password',
          'certs/ca/ca.key',
          'certs',
          'certs/live',
          'nginx',
          'nginx/nginx.conf',
          'firewall/firewall.sh',
        ].map((path) => [path, mode(path)]),
      ),
    ).toEqual({
      '.env': '600',
      secrets: '700',
      'secrets/postgres_password': '444',
      'certs/ca/ca.key': '600',
      certs: '700',
      'certs/live': '755',
      nginx: '755',
      'nginx/nginx.conf': '644',
      'firewall/firewall.sh': '755',
    });
  });
});

describe('running it again', () => {
  test('the same answers write nothing at all', () => {
    run(['again', ...production, '--preset', 'web-api']);
    const before = fingerprint(join(cwd, 'again'));
    const { code, stderr } = run(['again', '--yes']);
    expect(code).toBe(0);
    expect(stderr).toContain('Nothing to change');
    expect(fingerprint(join(cwd, 'again'))).toEqual(before);
  });

  test('lost records are made anew, and that is said', () => {
    run(['records', ...production]);
    rmSync(join(cwd, 'records/.secure-stack'), { recursive: true });
    expect(run(['records', '--yes']).stderr).toContain('Files: as they were; .secure-stack is put right.');
    expect(run(['records', '--yes']).stderr).toContain('Nothing to change.');
  });

  test('a changed answer changes what depends on it; secrets and comments stay', () => {
    const file = (name: string): string => readFileSync(join(cwd, 'change', name), 'utf8');
    run(['change', ...production, '--preset', 'web-api']);
    writeFileSync(join(cwd, 'change/stack.yaml'), `${file('stack.yaml')}# a comment of mine\n`);
    const before = { env: file('.env'), ca: file('certs/ca/ca.crt') };
    const { code, stderr } = run([
      'change',
      '--yes',
      '--set',
      'edge.limits.maxBody=25m',
      '--service',
      'valkey',
    ]);
    expect(code, stderr).toBe(0);
    expect(file('stack.yaml')).toContain('# a comment of mine');
    expect(file('docker-compose.yml')).toContain('valkey/valkey:9.1');
    for (const [line] of before.env.matchAll(/^[A-Z_]+PASSWORD=.+$/gm)) expect(file('.env')).toContain(line);
    expect(file('.env')).toMatch(/^VALKEY_APP_PASSWORD=[A-Za-z0-9]{43}$/m);
    expect(file('certs/ca/ca.crt')).toBe(before.ca);
  });

  test('an edit of the user’s survives, and a conflict is named and left beside it', () => {
    const path = (name: string): string => join(cwd, 'edit', name);
    run(['edit', ...production]);
    const compose = readFileSync(path('docker-compose.yml'), 'utf8');
    writeFileSync(
      path('docker-compose.yml'),
      compose.replace('mem_limit: 352m #', 'mem_limit: 999m #').replace(/^/, '# the first word\n'),
    );
    expect(run(['edit', '--yes']).stderr).toContain('kept as you edited them');
    const merged = run(['edit', '--yes', '--service', 'redis']);
    expect(merged.code, merged.stderr).toBe(0);
    const both = readFileSync(path('docker-compose.yml'), 'utf8');
    for (const text of ['mem_limit: 999m #', 'image: redis:8', '# the first word\n'])
      expect(both).toContain(text);
    writeFileSync(
      path('nginx/conf.d/limits.conf'),
      readFileSync(path('nginx/conf.d/limits.conf'), 'utf8').replace(
        /client_max_body_size \S+;/,
        'client_max_body_size 77m;',
      ),
    );
    const conflict = run(['edit', '--yes', '--set', 'edge.limits.maxBody=25m']);
    expect(conflict.code).toBe(3);
    expect(conflict.stderr).toContain('nginx/conf.d/limits.conf.new');
    expect(readFileSync(path('nginx/conf.d/limits.conf'), 'utf8')).toContain('77m');
    expect(readFileSync(path('nginx/conf.d/limits.conf.new'), 'utf8')).toContain('25m');
  });

  test('a removed service: its files go, its secrets stay and are named', () => {
    run(['remove', ...production, '--preset', 'web-api']);
    const password = /^POSTGRES_APP_PASSWORD=.+$/m.exec(readFileSync(join(cwd, 'remove/.env'), 'utf8'))![0];
    const { code, stderr } = run([
      'remove',
      '--yes',
      '--set',
      'services.postgres=',
      '--set',
      'apps.api.needs=[redis]',
    ]);
    expect(code, stderr).toBe(0);
    const unused = /^warning: no longer used.*$/gm;
    expect(stderr.match(unused)).toEqual([
      'warning: no longer used, and kept at the end of .env until you delete them: POSTGRES_APP_PASSWORD, POSTGRES_APP_ROLE, POSTGRES_PASSWORD',
    ]);
    expect(readFileSync(join(cwd, 'remove/.env'), 'utf8')).not.toContain('POSTGRES_SECRETS_REV');
    expect(readFileSync(join(cwd, 'remove/.env'), 'utf8')).toContain(password);
    expect(existsSync(join(cwd, 'remove/postgres/init/10-app-role.sh'))).toBe(false);
    expect(stderr).toContain(
      'keep     secrets/postgres_password (no longer part of the stack; it holds secrets',
    );
    expect(stderr).toMatch(/, \d no longer used, but kept\b/);
    expect(stderr).not.toContain('as you edited them');
  });

  test('a removed key of stored data: advice about it alone', () => {
    const vault = 'name=vault,path=none,secret=DATA_KEY:base64:encryption,secret=TOKEN:hmac';
    run(['vault', ...production, '--preset', 'single-app', '--app', vault]);
    const { code, stderr } = run(['vault', '--yes', '--set', 'apps.vault=']);
    expect(code, stderr).toBe(0);
    expect(stderr.match(/^warning: .*VAULT_.*$/gm)).toEqual([
      'warning: nothing reads VAULT_DATA_KEY any more: stored data may need it; keep it until that is encrypted anew',
      expect.stringMatching(
        /^warning: no longer used, .*: VAULT_TOKEN, VAULT_TOKEN_PREVIOUS, VAULT_DATA_KEY$/,
      ),
    ]);
  });

  test('a wrong .env is reported with its line and without its value', () => {
    run(['wrong-env', '--yes', '--preset', 'web-api']);
    const path = join(cwd, 'wrong-env/.env');
    writeFileSync(path, readFileSync(path, 'utf8').replace(/^(REDIS_APP_PASSWORD)=.*$/m, '$1=s3cr3t$word'));
    const { code, stderr } = run(['wrong-env', '--yes']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: \.env:\d+: /);
    expect(stderr).not.toContain('s3cr3t');
  });
});

describe('external secrets', () => {
  const app = 'name=api,image=sample,secret=ANTHROPIC_API_KEY:external';
  test('a missing one is said; one from a file is taken', () => {
    expect(run(['external', '--yes', '--app', app]).stderr).toContain(
      'API_ANTHROPIC_API_KEY is blank: the stack will not start',
    );
    writeFileSync(join(cwd, 'key.txt'), "sk-ant-it's #1\n");
    expect(run(['external', '--yes', '--secret-file', 'API_ANTHROPIC_API_KEY=key.txt']).code).toBe(0);
    expect(readFileSync(join(cwd, 'external/.env'), 'utf8')).toContain(
      `API_ANTHROPIC_API_KEY="sk-ant-it's #1"\n`,
    );
    expect(readFileSync(join(cwd, 'external/secrets/api_anthropic_api_key'), 'utf8')).toBe("sk-ant-it's #1");
  });
});

describe('render', () => {
  test('writes a masked tree, the same every time', () => {
    run(['r', '--yes', '--preset', 'web-api']);
    expect(run(['render', 'r', '--out', 'out-1']).code).toBe(0);
    expect(run(['render', 'r', '--out', 'out-2']).code).toBe(0);
    const contents = (folder: string) =>
      Object.entries(fingerprint(join(cwd, folder))).map(([name, text]) => [
        name,
        text.replace(/^(\d+) \S+/, '$1'),
      ]);
    expect(contents('out-1')).toEqual(contents('out-2'));
    expect(readFileSync(join(cwd, 'out-1/.env'), 'utf8')).toContain('POSTGRES_PASSWORD=REDACTED');
    const real = readFileSync(join(cwd, 'r/.env'), 'utf8').match(/^POSTGRES_PASSWORD=(.+)$/m)![1]!;
    expect(JSON.stringify(fingerprint(join(cwd, 'out-1')))).not.toContain(real);
    expect(run(['render', 'r', '--out', 'out-1']).code).toBe(3);
    expect(run(['render', 'r']).code).toBe(2);
    writeFileSync(join(cwd, 'out-file'), '');
    expect(run(['render', 'r', '--out', 'out-file'])).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/^error: .*out-file is not a folder \(name another folder\)\n$/),
    });
    for (const cwdOf of ['r', 'out-1'])
      expect(
        run(['render', join(cwd, 'r'), '--out', join(cwd, 'r')], { cwd: join(cwd, cwdOf) }),
      ).toMatchObject({
        code: 3,
        stderr: expect.stringMatching(/r: holds a stack that is in use \(name an empty or a new folder\)\n$/),
      });
    expect(run(['render', 'r', '--out', '/proc/none/out'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /^error: no such file or folder writing to \/proc\/none\/out; the tree there is not complete\n$/,
      ),
    });
  });
});

test('explain names the reason and the source of a line, and of a setting', () => {
  expect(run(['explain', 'read_only']).stdout).toContain('CIS Docker Benchmark');
  expect(run(['explain', 'apps.needs']).stdout).toContain('it can reach nothing else');
  const { stdout } = run(['explain', 'apps.<name>.routes[].path']);
  for (const topic of ['apps.web.routes[0].path', 'apps.web.routes.path', 'apps.routes.path'])
    expect(run(['explain', topic])).toEqual({ code: 0, stdout, stderr: '' });
  expect(run(['explain', 'apps.web.egress']).stdout).toContain('apps.<name>.egress');
  expect(run(['explain', 'apps.web.egres']).code).toBe(2);
});
