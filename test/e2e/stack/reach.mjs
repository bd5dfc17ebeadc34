// node reach.mjs < JSON {names: [name, …], targets: [[host, port], …]}: the addresses of the names, and the targets that
// accept a TCP connection, as JSON.
import { Resolver } from 'node:dns/promises';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

const { names, targets } = JSON.parse(await text(process.stdin));
// A name that Docker does not know is passed on to the host's resolver, which may never answer.
const resolver = new Resolver({ timeout: 3000, tries: 1 });
const addresses = names.map((name) => resolver.resolve4(name).catch(() => []));

function accepts([host, port]) {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const finish = (answer) => {
      socket.destroy();
      resolve(answer);
    };
    // When this process was held up, an answer may already wait; the event loop delivers it before the immediate runs.
    socket.setTimeout(1500, () => setImmediate(finish, false));
    socket.once('connect', () => finish(true));
    socket.once('error', () => finish(false));
  });
}

const accepted = await Promise.all(targets.map(accepts));
console.log(JSON.stringify({ addresses: await Promise.all(addresses), accepted }));
