// Tries every target named as an argument (`tcp,198.51.100.1,22`, with a source port `udp,198.51.100.1,68,67`)
// at once; prints a JSON list of booleans: did it answer?
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';

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

const targets = process.argv.slice(2).map((arg) => arg.split(','));
const answers = targets.map(([kind, address, port, source]) =>
  (kind === 'tcp' ? tcp : udp)(address, Number(port), source && Number(source)),
);
process.stdout.write(JSON.stringify(await Promise.all(answers)));
