// node port-scan.mjs HOST TIMEOUT_MS [AT_ONCE] < ports, one a line: prints the ports that accept a TCP connection as a JSON array.
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

// Only the answers of a closed or guarded port. Any other error (no route, no free file descriptor) is the scan's own
// failure, and must not pass for a closed port.
const closed = new Set(['ECONNREFUSED', 'ECONNRESET', 'EHOSTUNREACH', 'ETIMEDOUT', 'EACCES']);
const [host, timeoutMs, atOnce = '500'] = process.argv.slice(2);
const queue = (await text(process.stdin)).split('\n').filter(Boolean).map(Number);
const open = [];

function accepts(port) {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    const finish = (answer) => {
      socket.destroy();
      resolve(answer);
    };
    // When this process was held up, an answer may already wait; the event loop delivers it before the immediate runs.
    socket.setTimeout(Number(timeoutMs), () => setImmediate(finish, false));
    socket.once('connect', () => finish(true));
    socket.once('error', (error) => (closed.has(error.code) ? finish(false) : reject(error)));
  });
}

async function worker() {
  for (let port = queue.pop(); port !== undefined; port = queue.pop()) {
    if (await accepts(port)) open.push(port);
  }
}

await Promise.all(Array.from({ length: Number(atOnce) }, worker));
console.log(JSON.stringify(open.sort((a, b) => a - b)));
