// `npm run bench:rotation`: how long a rotation of everything takes for the web-api preset on a real engine, and how much
// of that is the program's own time: the rest is waiting for containers to be healthy and for commands inside of them.

import { createSecureStack } from '../e2e/generate.ts';
import { GeneratedStack } from '../e2e/generated-stack.ts';
import { ensureImages } from '../e2e/images.ts';

const ROUNDS = 3;
const TARGET_MILLISECONDS = 1000;

interface Times {
  total: number;
  containers: number;
  docker: number;
  own: number;
}

await ensureImages(['postgres:18.6-trixie', 'redis:8.10.1-trixie', 'nginx:1.30']);
const stack = await GeneratedStack.open('rotbench');
try {
  await stack.generate(['--preset', 'web-api', ...stack.edgeFlags]);
  await stack.up();
  let missed = false;
  for (let round = 1; round <= ROUNDS; round++) {
    const { stdout } = await createSecureStack(['rotate', '--all', '--yes', '--accept-logout', '--json'], {
      cwd: stack.dir,
      timeoutMs: 300_000,
    });
    const { milliseconds, changed } = JSON.parse(stdout) as { milliseconds: Times; changed: string[] };
    const { total, containers, docker, own } = milliseconds;
    missed ||= own > TARGET_MILLISECONDS;
    console.log(
      `rotation ${round} of ${changed.length} values: ${seconds(total)} = ${seconds(containers)} containers + ${seconds(docker)} commands in them + ${seconds(own)} own (target ≤ ${seconds(TARGET_MILLISECONDS)})`,
    );
  }
  if (missed) process.exitCode = 1;
} finally {
  await stack.remove();
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(2)} s`;
}
