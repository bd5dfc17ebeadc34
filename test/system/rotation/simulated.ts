import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, vi } from 'vitest';
import { main } from '../../../src/cli/main.ts';
import { program, temporaryFolder } from '../../program.ts';
import { Machine } from './machine.ts';

const world = vi.hoisted(() => ({ machine: undefined as Machine | undefined }));
vi.mock('../../../src/engine/run.ts', async (original) => ({
  ...(await original<object>()),
  runDocker: (...call: Parameters<Machine['docker']>) =>
    world.machine!.docker(...call).finally(() => vi.setSystemTime(world.machine!.now)),
}));
vi.mock('node:timers/promises', async (original) => ({
  ...(await original<object>()),
  setTimeout: async (milliseconds: number) => {
    world.machine!.now += milliseconds;
    vi.setSystemTime(world.machine!.now);
  },
}));

export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** A stack whose program runs in this process, and whose docker and clock are a `Machine`. */
export interface Simulated {
  /** The folder above the stack's. */
  base: string;
  folder: string;
  journal: string;
  /** A new folder, and the machine on which its stack runs. */
  fresh(): { machine: Machine; before: Record<string, string> };
  rotate(...args: string[]): Promise<Ended>;
}

export function simulated(answers: string): Simulated {
  const scratch = temporaryFolder();
  const template = join(scratch, 'template/shop');
  const base = join(scratch, 'base');
  const folder = join(base, 'shop');

  beforeAll(() => {
    mkdirSync(join(scratch, 'template'));
    mkdirSync(base);
    writeFileSync(join(scratch, 'answers.yaml'), answers);
    const made = program(['shop', '--yes', '--config', '../answers.yaml'], {
      cwd: join(scratch, 'template'),
    });
    expect([made.code, made.stderr]).toEqual([0, expect.any(String)]);
    vi.useFakeTimers({ toFake: ['Date'] });
    return () => vi.useRealTimers();
  });

  return {
    base,
    folder,
    journal: join(folder, 'secrets/.rotation.json'),
    fresh() {
      rmSync(folder, { recursive: true, force: true });
      cpSync(template, folder, { recursive: true, preserveTimestamps: true });
      const machine = new Machine(folder, new Date('2026-05-06T07:08:09Z'));
      world.machine = machine;
      vi.setSystemTime(machine.now);
      return { machine, before: machine.env() };
    },
    async rotate(...args) {
      const texts = { stdout: '', stderr: '' };
      const spies = (['stdout', 'stderr'] as const).map((stream) =>
        vi.spyOn(process[stream], 'write').mockImplementation((text) => {
          texts[stream] += text;
          return true;
        }),
      );
      try {
        return { code: await main(['rotate', folder, ...args, '--yes']), ...texts };
      } finally {
        for (const spy of spies) spy.mockRestore();
      }
    },
  };
}
