import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import dotenv from 'dotenv';

/** A program that reads `.env` files. */
export interface EnvReader {
  name: string;
  /** Quote characters are part of the value to it, so that only values without quotes are for it. */
  keepsQuotes?: true;
  /** Not everywhere to be had, so that CI does without it. */
  optional?: true;
  /**
   * What it makes of a file.
   * @throws when it refuses the file, or is not there
   */
  read(text: string, names: readonly string[]): Promise<Record<string, string | undefined>>;
}

/** For shells: whatever a badly quoted value tells them to start is not found. */
const bareEnvironment = { PATH: '/nonexistent', HOME: '/nonexistent', LC_ALL: 'C.UTF-8' };

/** Only what finding the programs and the Docker daemon takes, because Compose prefers the caller's variables. */
const { PATH, HOME, DOCKER_HOST } = process.env;
const callerEnvironment = { PATH, HOME, DOCKER_HOST };

const emptyImage = `env-readers-test:${process.pid}`;

export const readers: readonly EnvReader[] = [
  { name: 'Compose --env-file', read: composeInterpolation },
  { name: 'Compose env_file', read: (text, names) => composeEnvFile(text, names, ['./vars']) },
  {
    name: 'Compose env_file, format raw (2.30 or newer)',
    keepsQuotes: true,
    optional: true,
    read: (text, names) => composeEnvFile(text, names, [{ path: './vars', format: 'raw' }]),
  },
  { name: 'docker run --env-file', keepsQuotes: true, read: dockerEnvFile },
  shell('bash', ['--noprofile', '--norc']),
  shell('dash', []),
  { ...shell('zsh', ['-f']), optional: true },
  { name: 'node --env-file', read: nodeEnvFile },
  { name: 'node util.parseEnv', read: async (text) => ({ ...parseEnv(text) }) },
  { name: 'dotenv of npm', read: async (text) => dotenv.parse(text) },
  { name: 'python-dotenv', read: pythonDotenv },
  { name: 'systemd EnvironmentFile', optional: true, read: systemd },
];

/** Why a reader cannot be used here; undefined when it can. */
export async function whyMissing(reader: EnvReader): Promise<string | undefined> {
  try {
    const { PROBE } = await reader.read('PROBE=works\n', ['PROBE']);
    return PROBE === 'works' ? undefined : 'does not read PROBE=works';
  } catch (error) {
    return (error as Error).message.trim().split('\n').at(-1);
  }
}

/** Removes what the readers left behind in Docker. */
export async function removeTraces(): Promise<void> {
  await run('docker', ['image', 'rm', '--force', emptyImage]).catch(() => {});
}

async function composeInterpolation(text: string, names: readonly string[]) {
  const environment = Object.fromEntries(names.map((name) => [name, `\${${name}}`]));
  return compose(text, names, { environment }, ['--env-file', 'vars']);
}

async function composeEnvFile(text: string, names: readonly string[], envFile: readonly unknown[]) {
  return compose(text, names, { env_file: envFile }, []);
}

async function compose(text: string, names: readonly string[], service: object, flags: readonly string[]) {
  return inFolder(
    { vars: text, 'compose.json': JSON.stringify({ services: { s: { image: 'x', ...service } } }) },
    async (cwd) => {
      const args = [
        'compose',
        ...flags,
        '--project-name',
        'x',
        '-f',
        'compose.json',
        'config',
        '--format',
        'json',
      ];
      const environment = JSON.parse(await run('docker', args, { cwd })).services.s.environment;
      // `config` doubles each $, so that its output can be used as a Compose file.
      return Object.fromEntries(names.map((name) => [name, environment[name]?.replaceAll('$$', '$')]));
    },
  );
}

async function dockerEnvFile(text: string) {
  await run('docker', ['image', 'inspect', emptyImage]).catch(() =>
    run('docker', ['import', '-', emptyImage], { input: Buffer.alloc(1024) }),
  );
  const created = await inFolder({ vars: text }, (cwd) =>
    run('docker', ['create', '--env-file', 'vars', emptyImage, 'true'], { cwd }),
  );
  const container = created.trim();
  try {
    const environment = await run('docker', ['inspect', '--format', '{{json .Config.Env}}', container]);
    return fromPairs(JSON.parse(environment));
  } finally {
    await run('docker', ['rm', container]);
  }
}

function shell(name: string, flags: readonly string[]): EnvReader {
  return {
    name,
    read: (text) =>
      inFolder({ vars: text }, async (cwd) => {
        const script = 'set -a; . ./vars; exec /usr/bin/env -0';
        const output = await run(`/bin/${name}`, [...flags, '-c', script], { cwd, env: bareEnvironment });
        return fromPairs(output.split('\0'));
      }),
  };
}

async function nodeEnvFile(text: string) {
  return inFolder({ vars: text }, async (cwd) => {
    const print = 'process.stdout.write(JSON.stringify(process.env))';
    return JSON.parse(
      await run(process.execPath, ['--env-file=vars', '-e', print], { cwd, env: bareEnvironment }),
    );
  });
}

async function pythonDotenv(text: string) {
  const script = 'import dotenv, json; print(json.dumps(dotenv.dotenv_values("./vars")))';
  return inFolder({ vars: text }, async (cwd) =>
    JSON.parse(await run('/usr/bin/python3', ['-c', script], { cwd })),
  );
}

async function systemd(text: string) {
  const script = join(import.meta.dirname, 'systemd_env.py');
  return inFolder({ vars: text }, async (cwd) =>
    JSON.parse(await run('/usr/bin/python3', [script, 'vars'], { cwd })),
  );
}

function fromPairs(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs
      .filter((pair) => pair.includes('='))
      .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
}

async function inFolder<T>(files: Record<string, string>, action: (cwd: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'env-readers-'));
  try {
    for (const [name, content] of Object.entries(files))
      await writeFile(join(folder, name), content, { mode: 0o600 });
    return await action(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

interface RunOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  input?: Buffer;
}

function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { cwd, input, env = callerEnvironment } = options;
  return new Promise((resolve, reject) => {
    const child = execFile(
      command,
      args,
      { cwd, env, maxBuffer: 2 ** 26, timeout: 60_000 },
      (error, stdout, stderr) => (error ? reject(new Error(stderr || error.message)) : resolve(stdout)),
    );
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}
