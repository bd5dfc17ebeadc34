/**
 * A run of the program's disk part as a process of its own: `node child.mjs apply ROOT TREE.json`. What else it can
 * do serves the lock's tests.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { UserError } from '../../src/errors.ts';
import { applyPlan, planTree, recover, withLock } from '../../src/workspace/index.ts';

const [mode, root, argument] = process.argv.slice(2) as [string, string, string];

try {
  if (mode === 'apply') await apply();
  else if (mode === 'hold') await withLock(root, waitFor);
  else await dieInside();
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  console.error(error.message);
  process.exitCode = error.exit;
}

async function apply(): Promise<void> {
  const tree = JSON.parse(readFileSync(argument, 'utf8'));
  await withLock(root, async () => {
    await recover(root);
    await applyPlan(await planTree(root, tree), { toolVersion: '1.0.0', allowForeign: true });
  });
}

/** Holds the lock until the test allows it to end. */
async function waitFor(): Promise<void> {
  while (!existsSync(argument)) await setTimeout(10);
}

/** Tries until it has the lock, shows if anybody else has it too, and dies without giving it back. */
async function dieInside(): Promise<void> {
  for (;;) {
    try {
      await withLock(root, async () => {
        writeFileSync(argument, '', { flag: 'wx' });
        await setTimeout(60);
        rmSync(argument);
        process.kill(process.pid, 'SIGKILL');
        await setTimeout(10_000);
      });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
    }
    await setTimeout(1);
  }
}
