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
export const INHERITED: readonly string[] = [
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

/** There is no docker program on this machine, so no container of it either. */
export class DockerMissing extends UserError {
  constructor() {
    super({ message: 'the program "docker" is not installed' }, EXIT.failed);
  }
}

/**
 * Runs `docker …` to its end, whatever its exit code. No secret may be among the arguments.
 * @throws {UserError} when docker is missing (`DockerMissing`), cannot be started or does not end in time
 */
export function runDocker(args: readonly string[], options: RunOptions): Promise<RunOutcome> {
  const { cwd, input = '', timeoutSeconds } = options;
  return new Promise((resolve, reject) => {
    const child = spawn('docker', args, {
      ...(cwd === undefined ? {} : { cwd }),
      env: { ...environment(), LC_ALL: 'C.UTF-8' },
    });
    // Not spawn's own timeout: where there is no docker to start, that one keeps this process alive until it is over.
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      // Where docker is a script, what that has started lives on, and would keep them open.
      child.stdout.destroy();
      child.stderr.destroy();
    }, timeoutSeconds * 1000);
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
    child.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      reject(
        error.code === 'ENOENT'
          ? new DockerMissing()
          : new UserError(
              { message: `docker cannot be started: ${error.code ?? error.message}` },
              EXIT.failed,
            ),
      );
    });
    child.on('close', (code) => {
      clearTimeout(timer);
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
