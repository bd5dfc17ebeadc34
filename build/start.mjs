// `npm start -- FLAGS`: the program on a fresh clone.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ensureBuilt, ensureInstalled, root } from './prepare.mjs';

ensureInstalled();
ensureBuilt();
const program = join(root, 'bin/create-secure-stack.js');
const { status, signal } = spawnSync(process.execPath, [program, ...process.argv.slice(2)], {
  stdio: 'inherit',
  cwd: process.env.INIT_CWD ?? process.cwd(),
});
process.exit(status ?? (signal === 'SIGINT' ? 130 : 143));
