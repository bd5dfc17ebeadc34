import { readFile } from 'node:fs/promises';
import { docker } from '../docker.ts';

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
