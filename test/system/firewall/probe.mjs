// Tries every target named as an argument (`tcp,198.51.100.1,22`, with a source port `udp,198.51.100.1,68,67`,
// `ping,198.51.100.1`; `send,198.51.100.1,9` sends one datagram and does not wait) at once; prints a JSON list of booleans: did it answer? With the one argument `serve` it does so for
// each line of standard input, which holds targets separated by blanks; there, `hold,198.51.100.1,22` leaves its connection
// open and `alive,198.51.100.1,22` tries that one again.
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

// Milliseconds; everything is on this machine, which may be busy: long enough for a lost SYN to be sent again. Who serves
// is asked hundreds of times, and looks twice at what is missing.
const targets = process.argv.slice(2);
const patience = targets[0] === 'serve' ? 700 : 1500;
// When this process was held up, an answer may already wait; the event loop delivers it before the immediate runs.
const late = (done) => () => setImmediate(done, false);

function tcp(address, port) {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, timeout: patience }, () => socket.write('x'));
    const done = (answered) => resolve(answered) ?? socket.destroy();
    socket.on('data', () => done(true));
    socket.on('timeout', late(done));
    socket.on('error', () => done(false));
  });
}

function udp(address, port, source) {
  return new Promise((resolve) => {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    let open = true;
    const done = (answered) => {
      clearTimeout(timer);
      if (open) socket.close();
      open = false;
      resolve(answered);
    };
    const timer = setTimeout(late(done), patience);
    socket.on('message', () => done(true));
    socket.on('error', () => done(false));
    socket.bind(source, () => socket.send('x', port, address));
  });
}

const held = new Map();

function echo(socket) {
  return new Promise((resolve) => {
    const done = (answered) => {
      clearTimeout(timer);
      socket.off('data', yes);
      resolve(answered);
    };
    const yes = () => done(true);
    const timer = setTimeout(late(done), patience);
    socket.on('data', yes);
    socket.write('x');
  });
}

function hold(address, port) {
  const key = `${address},${port}`;
  held.get(key)?.destroy();
  const socket = connect({ host: address, port });
  socket.on('error', () => {});
  held.set(key, socket);
  return echo(socket);
}

function send(address, port) {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  return new Promise((resolve) =>
    socket.send('x', port, address, (error) => resolve(!error) ?? socket.close()),
  );
}

function ping(address) {
  return new Promise((resolve) =>
    spawn('ping', ['-c1', '-W1', address], { stdio: 'ignore' }).on('close', (code) => resolve(code === 0)),
  );
}

function tryTarget(target) {
  const [kind, address, port, source] = target.split(',');
  if (kind === 'ping') return ping(address);
  if (kind === 'hold') return hold(address, Number(port));
  if (kind === 'alive') return echo(held.get(`${address},${port}`));
  if (kind === 'send') return send(address, Number(port));
  return (kind === 'tcp' ? tcp : udp)(address, Number(port), source && Number(source));
}

// `serve 65534`: as this user.
if (targets[0] === 'serve' && targets[1]) {
  process.setgroups([]);
  process.setuid(Number(targets[1]));
}

const tryAll = async (targets) => JSON.stringify(await Promise.all(targets.map(tryTarget)));
if (targets[0] !== 'serve') process.stdout.write(await tryAll(targets));
else
  for await (const line of createInterface({ input: process.stdin }))
    process.stdout.write(`${await tryAll(line.split(' '))}\n`);
