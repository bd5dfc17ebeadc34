// Echo servers over IPv4 and IPv6 on the ports named as arguments (`tcp:22`, `udp:53`, or with an
// address for answers that must come from it, `udp:53:192.0.2.1`); prints "ready" once all listen.
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

let waiting = process.argv.length - 2;
const ready = () => --waiting === 0 && process.stdout.write('ready\n');

// As a listener's owner `ss` shows this name; the test of the sshd check sets it.
if (process.env.LISTENER_NAME) process.title = process.env.LISTENER_NAME;

for (const argument of process.argv.slice(2)) {
  const [, protocol, port, address] = /^(\w+):(\d+)(?::(.*))?$/.exec(argument);
  if (protocol === 'tcp') {
    const server = createServer((socket) => socket.on('error', () => {}).pipe(socket));
    server.listen(Number(port), address ?? '::', ready);
  } else {
    const socket = createSocket(address?.includes('.') ? 'udp4' : 'udp6');
    socket.on('message', (message, from) => socket.send(message, from.port, from.address));
    socket.bind(Number(port), address ?? '::', ready);
  }
}
