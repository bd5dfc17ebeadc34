import { readFile } from 'node:fs/promises';
import { docker } from '../docker.ts';
import type { EdgeContainer } from './lab.ts';

/** Processor time of all processes of a container, in milliseconds (the kernel counts in steps of 10). */
export async function processorTime(container: string): Promise<number> {
  const { stdout } = await docker(['top', container, '-eo', 'pid']);
  const pids = stdout.trim().split('\n').slice(1).map(Number);
  const stats = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8')));
  const ticks = stats.map((stat) => {
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(fields[11]) + Number(fields[12]);
  });
  return ticks.reduce((sum, value) => sum + value, 0) * 10;
}

/** Process ids of the workers inside of the container, those that are ending among them. */
export async function workers({ name }: EdgeContainer): Promise<string[]> {
  const list =
    'for p in /proc/[0-9]*; do tr "\\0" " " <$p/cmdline 2>/dev/null | grep -q "^nginx: worker" && echo ${p#/proc/}; done; :';
  return (await docker(['exec', name, 'sh', '-c', list])).stdout.trim().split('\n').sort();
}
