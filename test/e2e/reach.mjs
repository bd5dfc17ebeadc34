// node reach.mjs < JSON [["host", port], …]: how each connection ended, and whether there is a way out, as JSON.
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

const outcomes = {
  ECONNREFUSED: 'refused',
  ENETUNREACH: 'no route',
  EHOSTUNREACH: 'no route',
  ENOTFOUND: 'no name',
  EAI_AGAIN: 'no name',
};

function tryConnect([host, port]) {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const finish = (outcome) => {
      socket.destroy();
      resolve(outcome);
    };
    socket.setTimeout(1500, () => setImmediate(finish, 'no answer'));
    socket.once('connect', () => finish('open'));
    socket.once('error', (error) => finish(outcomes[error.code] ?? error.code));
  });
}

const targets = JSON.parse(await text(process.stdin));
const outcome = await Promise.all(targets.map(tryConnect));
// Destination and gateway, in hexadecimal: a default route has the destination 0.
const routes = readFileSync('/proc/net/route', 'utf8').trim().split('\n').slice(1);
const defaultRoute = routes.some((line) => line.split('\t')[1] === '00000000');
console.log(JSON.stringify({ outcome, defaultRoute }));
