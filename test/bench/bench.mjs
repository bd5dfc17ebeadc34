// `npm run bench`: what starting, generating and shipping the program costs. Each command is run alternately with
// `node -e 0`, and the ratio of CPU time is the figure: it barely depends on the machine or on what else runs there.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBuilt, ensureInstalled, root } from '../../build/prepare.mjs';

ensureInstalled();
ensureBuilt();

const program = join(root, 'bin/create-secure-stack.js');
const folder = mkdtempSync(join(tmpdir(), 'create-secure-stack-bench-'));
const rounds = Number(process.argv[2] ?? 15);

/** Runs a command to its end, and until the first question is on the screen of a terminal, respectively. */
const TO_THE_END = 'code = subprocess.run(sys.argv[1:], stdin=quiet, stdout=quiet, stderr=quiet).returncode';
const TO_THE_QUESTION = `
child, terminal = pty.fork()
if child == 0: os.execvp(sys.argv[1], sys.argv[1:])
screen, code = b'', 0
while b'Name of the stack' not in screen: screen += os.read(terminal, 65536)
os.kill(child, signal.SIGKILL)
os.waitpid(child, 0)`;

/** CPU seconds and peak memory (MB) of one run, by the kernel's own account. */
function cost(args, { run = TO_THE_END, env = { CI: 'true' } } = {}) {
  const script = [
    'import os, pty, resource, signal, subprocess, sys',
    'used = lambda: sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])',
    // What the interpreter may have started itself before this line does not count.
    'before, quiet = used(), subprocess.DEVNULL',
    run,
    'print(used() - before, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, code)',
  ].join('\n');
  const { stdout } = spawnSync('python3', ['-c', script, process.execPath, ...args], {
    encoding: 'utf8',
    cwd: folder,
    env: { ...process.env, ...env },
  });
  const [cpu, memory, code] = stdout.trim().split(' ').map(Number);
  return { cpu, memory, code };
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** Median ratio to `node -e 0` over alternating rounds. */
function measure(name, args, target, { before = () => {}, ...how } = {}) {
  const ratios = [];
  const memories = [];
  for (let round = 0; round < rounds; round += 1) {
    const base = cost(['-e', '0']);
    before();
    const run = cost([program, ...args], how);
    if (run.code !== 0) throw new Error(`${name} exited with ${run.code}`);
    ratios.push(run.cpu / base.cpu);
    memories.push(run.memory);
  }
  row(name, `${median(ratios).toFixed(2)} × node -e 0`, target, `${Math.round(median(memories))} MB`);
}

function row(name, value, target, note = '') {
  console.log(`${name.padEnd(52)} ${value.padEnd(20)} ${`(target ${target})`.padEnd(22)} ${note}`);
}

function bigStack() {
  const apps = Array.from(
    { length: 200 },
    (_, index) => `  app-${index}: {image: sample, routes: [{host: d${index}.example.com}]}`,
  );
  const domains = Array.from({ length: 500 }, (_, index) => `d${index}.example.com`);
  writeFileSync(
    join(folder, 'big.yaml'),
    `version: 1\nname: big\nenvironment: development\ndomains: [${domains.join(', ')}]\ntls: {mode: dev-ca}\napps:\n${apps.join('\n')}\n`,
  );
}

try {
  const fresh = () => rmSync(join(folder, 'new'), { recursive: true, force: true });
  measure('--help', ['--help'], '≤ 1.25');
  measure('first question', [], '≤ 1.30', { run: TO_THE_QUESTION, env: { CI: '', TERM: 'xterm' } });
  measure('generate web-api, new certificates', ['new', '--yes', '--preset', 'web-api'], '≤ 3.0, ≤ 60 MB', {
    before: fresh,
  });
  measure('generate web-api again, nothing to change', ['new', '--yes'], '≤ 1.9');
  bigStack();
  const started = process.hrtime.bigint();
  const { memory, code } = cost([program, 'big', '--yes', '--config', 'big.yaml']);
  if (code !== 0) throw new Error(`the big stack exited with ${code}`);
  row(
    '200 apps, 500 domains',
    `${(Number(process.hrtime.bigint() - started) / 1e9).toFixed(2)} s`,
    '< 4 s',
    `${Math.round(memory)} MB`,
  );
  const { stdout } = spawnSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
    cwd: root,
    encoding: 'utf8',
  });
  const [{ size, unpackedSize, filename }] = JSON.parse(stdout);
  row(
    'published tarball',
    `${(size / 1024).toFixed(1)} KiB`,
    '≤ 250 KiB',
    `npm says ${(size / 1000).toFixed(1)} kB; ${(unpackedSize / 1000).toFixed(0)} kB unpacked, ${filename}`,
  );
  const { dependencies = {} } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  row('run-time dependencies', String(Object.keys(dependencies).length), '0');
} finally {
  rmSync(folder, { recursive: true, force: true });
}
