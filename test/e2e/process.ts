import { spawn } from 'node:child_process';
import { INHERITED } from '../../src/engine/run.ts';

export interface RunResult {
  code: number;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  cwd?: string;
  /** Added to the scrubbed environment; nothing else of the caller's environment reaches the program. */
  env?: Record<string, string>;
  /** Written to stdin, which is then closed. */
  input?: string;
  /** Default 120 s; the program is killed after it and the call fails. */
  timeoutMs?: number;
  /** Resolve with any exit code instead of failing on one that is not 0. */
  allowFailure?: boolean;
}

/**
 * What the product gives to docker and no more: everything else, above all COMPOSE_* and the variables of a developer's
 * own .env, would decide silently what a generated compose file means.
 */
export function scrubbedEnvironment(extra: Record<string, string> = {}): Record<string, string> {
  const env: Record<string, string> = { LC_ALL: 'C.UTF-8' };
  for (const name of INHERITED) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  return { ...env, ...extra };
}

/** Runs a program to its end. Fails with the output's tail unless it exits with 0 (see `allowFailure`). */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const { cwd, env, input = '', timeoutMs = 120_000, allowFailure = false } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      ...(cwd === undefined ? {} : { cwd }),
      env: scrubbedEnvironment(env),
      timeout: timeoutMs,
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
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code !== null && (code === 0 || allowFailure)) return resolve({ code, stdout, stderr });
      const reason = signal ? `was killed by ${signal} (limit ${timeoutMs} ms)` : `exited with ${code}`;
      reject(new Error(`${[command, ...args].join(' ')} ${reason}\n${tail(stdout)}${tail(stderr)}`));
    });
  });
}

function tail(text: string): string {
  return text.length > 4000 ? `…${text.slice(-4000)}` : text;
}
