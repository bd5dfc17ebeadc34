import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { errorCode } from './failure.ts';

/** Enough to tell a running process from a later one that was given the same number. */
export interface ProcessIdentity {
  pid: number;
  host: string;
  /** Linux: changes with every boot. */
  boot?: string;
  /** Linux: when the process started, in clock ticks since the boot. */
  started?: string;
}

export function currentProcess(): ProcessIdentity {
  const identity: ProcessIdentity = { pid: process.pid, host: hostname() };
  const boot = bootId();
  const started = processStatus(process.pid)?.started;
  if (boot !== undefined) identity.boot = boot;
  if (started !== undefined) identity.started = started;
  return identity;
}

/** Whether the process still runs. One on another machine counts as running, because it cannot be asked. */
export function isRunning({ pid, host, boot, started }: ProcessIdentity): boolean {
  if (host !== hostname()) return true;
  if (boot !== undefined && boot !== bootId()) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is there and belongs to somebody else.
    if (errorCode(error) === 'ESRCH') return false;
  }
  const now = processStatus(pid);
  // Without /proc, or where it hides the processes of others, the number alone has to do.
  if (now === undefined || started === undefined) return true;
  return now.started === started && now.state !== 'Z' && now.state !== 'X';
}

function bootId(): string | undefined {
  return readProc('/proc/sys/kernel/random/boot_id')?.trim();
}

/** Fields 3 and 22 of proc_pid_stat(5); the name before them may itself hold spaces and parentheses. */
function processStatus(pid: number): { state: string; started: string } | undefined {
  const text = readProc(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, started] = [fields[0], fields[19]];
  return state !== undefined && started !== undefined ? { state, started } : undefined;
}

function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
