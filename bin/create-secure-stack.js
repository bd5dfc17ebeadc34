#!/usr/bin/env node
import module from 'node:module';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 17)) {
  process.stderr.write(
    `error: create-secure-stack needs Node.js 20.17 or newer, this is ${process.versions.node}\n`,
  );
  process.exit(2);
}
module.enableCompileCache?.();
await import('../dist/cli.mjs');
