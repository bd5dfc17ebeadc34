// A connection that stays: each line of standard input is sent, what comes back is printed.
import { connect } from 'node:net';

const [address, port] = process.argv.slice(2);
const socket = connect(Number(port), address, () => process.stdout.write(`${socket.localPort}\n`));
socket.on('error', () => process.exit(1));
process.stdin.pipe(socket).pipe(process.stdout);
