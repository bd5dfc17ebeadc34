// Tries every target named as an argument (`tcp,198.51.100.1,22`, with a source port `udp,198.51.100.1,68,67`,
// `ping,198.51.100.1`; `send,198.51.100.1,9` sends one datagram and does not wait) at once; prints a JSON list of booleans: did it answer? With the one argument `serve` it does so for
// each line of standard input, which holds targets separated by blanks; there, `hold,198.51.100.1,22` leaves its connection
// open and `alive,198.51.100.1,22` tries that one again.
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

const patience = 700; // milliseconds; everything is on this machine

function tcp(address, port) {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, timeout: patience }, () => socket.write('x'));
    const done = (answered) => resolve(answered) ?? socket.destroy();
    socket.on('data', () => done(true));
    socket.on('timeout', () => done(false));
    socket.on('error', () => done(false));
  });
}

function udp(address, port, source) {
  return new Promise((resolve) => {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    const done = (answered) => {
      clearTimeout(timer);
      socket.close();
      resolve(answered);
    };
    const timer = setTimeout(done, patience, false);
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
    const timer = setTimeout(done, patience, false);
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

const tryAll = async (targets) => JSON.stringify(await Promise.all(targets.map(tryTarget)));
const targets = process.argv.slice(2);
if (targets[0] !== 'serve') process.stdout.write(await tryAll(targets));
else
  for await (const line of createInterface({ input: process.stdin }))
    process.stdout.write(`${await tryAll(line.split(' '))}\n`);
