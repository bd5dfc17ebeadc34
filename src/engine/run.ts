import { spawn } from 'node:child_process';
import { EXIT, UserError } from '../errors.ts';

export interface RunOptions {
  cwd?: string;
  /** Written to standard input: the only way for a secret into another program. */
  input?: string;
  timeoutSeconds: number;
}

export interface RunOutcome {
  code: number;
  stdout: string;
  stderr: string;
}

/**
 * What docker needs to find itself and its engine. Anything else of the caller's environment could change what the
 * Compose file means: an exported variable wins over the env file.
 */
const INHERITED = [
  'PATH',
  'HOME',
  'TMPDIR',
  'DOCKER_HOST',
  'DOCKER_CONTEXT',
  'DOCKER_CONFIG',
  'DOCKER_CERT_PATH',
  'DOCKER_TLS_VERIFY',
  'SSH_AUTH_SOCK',
  'XDG_RUNTIME_DIR',
];

/**
 * Runs `docker …` to its end, whatever its exit code. No secret may be among the arguments.
 * @throws {UserError} when docker is missing or does not end in time
 */
export function runDocker(args: readonly string[], options: RunOptions): Promise<RunOutcome> {
  const { cwd, input = '', timeoutSeconds } = options;
  return new Promise((resolve, reject) => {
    const child = spawn('docker', args, {
      ...(cwd === undefined ? {} : { cwd }),
      env: { ...environment(), LC_ALL: 'C.UTF-8' },
      timeout: timeoutSeconds * 1000,
      killSignal: 'SIGKILL',
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk;
    });
    // A program may end without reading its input.
    child.stdin.on('error', () => {}).end(input);
    child.on('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'ENOENT'
          ? new UserError({ message: 'the program "docker" is not installed' }, EXIT.failed)
          : error,
      ),
    );
    child.on('close', (code) => {
      if (code !== null) return resolve({ code, stdout, stderr });
      const what = args.slice(0, 2).join(' ');
      reject(new UserError({ message: `docker ${what}: no answer within ${timeoutSeconds} s` }, EXIT.failed));
    });
  });
}

function environment(): Record<string, string> {
  return Object.fromEntries(
    INHERITED.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
