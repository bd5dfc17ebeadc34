#!/usr/bin/env node
import module from 'node:module';
import { fileURLToPath } from 'node:url';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 17)) {
  process.stderr.write(
    `error: create-secure-stack needs Node.js 20.17 or newer, this is ${process.versions.node}\n`,
  );
  process.exit(2);
}
// Beside the code, whose owner it thus has: the default, in /tmp, could be laid ready by any user of the machine, as
// code for root to run.
module.enableCompileCache?.(fileURLToPath(new URL('../.compile-cache', import.meta.url)));
await import('../dist/cli.mjs');
