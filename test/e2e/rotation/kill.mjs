// Loaded before the program: ends it like `kill -9` at the n-th time that it is about to record a step in its journal
// (KILL_AT=n), when the step is done but not recorded, or right after that (KILL_AT=n+). With INSTEAD, a shell command,
// that is run at this instant and the program goes on.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const { KILL_AT = '', INSTEAD } = process.env;
const [, number, after] = /^(\d+)(\+?)$/.exec(KILL_AT) ?? [];
const rename = fs.renameSync;
let count = 0;
fs.renameSync = (from, to) => {
  const isRecord = String(to).endsWith('.rotation.json');
  if (isRecord) count += 1;
  const now = isRecord && count === Number(number);
  if (now && !after) strike();
  rename(from, to);
  if (now && after) strike();
};
syncBuiltinESMExports();

function strike() {
  if (INSTEAD) execFileSync('sh', ['-euc', INSTEAD], { stdio: 'ignore' });
  else process.kill(process.pid, 'SIGKILL');
}
