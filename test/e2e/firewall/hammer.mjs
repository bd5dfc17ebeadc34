// Dials `tcp,ADDRESS,PORT` every few milliseconds (second argument) and waits for each echo up to 2 s. Prints "ready", and
// once its input ends how many attempts were answered and how many were not.
import { connect } from 'node:net';

const [target, pause] = process.argv.slice(2);
const [, host, port] = target.split(',');
let answered = 0;
let failed = 0;
const open = new Set();

function dial() {
  const attempt = new Promise((resolve) => {
    const socket = connect({ host, port: Number(port), timeout: 2000 }, () => socket.write('x'));
    const done = (well) => {
      socket.destroy();
      resolve(well);
    };
    socket.on('data', () => done(true));
    socket.on('timeout', () => done(false));
    socket.on('error', () => done(false));
  }).then((well) => {
    if (well) answered++;
    else failed++;
    open.delete(attempt);
  });
  open.add(attempt);
}

const timer = setInterval(dial, Number(pause));
process.stdout.write('ready\n');
process.stdin.resume().on('end', async () => {
  clearInterval(timer);
  await Promise.all(open);
  process.stdout.write(JSON.stringify({ answered, failed }));
});
