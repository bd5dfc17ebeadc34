// `npm test`: installs, builds, and runs every test this machine can run; says plainly what it could not.
import { spawnSync } from 'node:child_process';
import { ensureBuilt, ensureInstalled, root } from './prepare.mjs';

ensureInstalled();
ensureBuilt();

const ci = Boolean(process.env.CI) && process.env.CI !== 'false';
const engine = spawnSync('docker', ['info'], { stdio: 'ignore' }).status === 0;
const wanted = process.argv.slice(2);
const projects = engine || ci ? [] : ['--project', 'unit', '--project', 'system'];
const { status } = spawnSync('npx', ['vitest', 'run', ...(wanted.length > 0 ? wanted : projects)], {
  cwd: root,
  stdio: 'inherit',
});

if (!engine) {
  process.stderr.write(
    ci
      ? 'No Docker Engine answers: the end-to-end tests fail, because CI is set.\n'
      : 'No Docker Engine answers: the end-to-end tests (test/e2e) and those against Docker’s readers were NOT run.\n',
  );
}
process.exit(status ?? 1);
