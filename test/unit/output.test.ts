import { expect, test } from 'vitest';
import { terminalOutput } from '../../src/cli/output.ts';

test('a process in which the program runs again and again listens to each stream once', () => {
  terminalOutput({ colour: false });
  const listeners = (): number[] => [process.stdout, process.stderr].map((one) => one.listenerCount('error'));
  const before = listeners();
  for (let run = 0; run < 20; run++) terminalOutput({ colour: false });
  expect(listeners()).toEqual(before);
});
