// Loaded before the program: ends it like `kill -9` at the n-th time that it is about to record a step in its journal
// (KILL_AT=n), when the step is done but not recorded, or right after that (KILL_AT=n+).
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const [, number, after] = /^(\d+)(\+?)$/.exec(process.env.KILL_AT ?? '') ?? [];
const rename = fs.renameSync;
let count = 0;
fs.renameSync = (from, to) => {
  const isRecord = String(to).endsWith('.rotation.json');
  if (isRecord) count += 1;
  const now = isRecord && count === Number(number);
  if (now && !after) process.kill(process.pid, 'SIGKILL');
  rename(from, to);
  if (now) process.kill(process.pid, 'SIGKILL');
};
syncBuiltinESMExports();
