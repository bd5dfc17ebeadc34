// A WebSocket (RFC 6455) that sends each short text message back, as a test of what a proxy lets through.
import { createHash } from 'node:crypto';

export function acceptWebSocket(request, socket) {
  const accept = createHash('sha1')
    .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  let pending = Buffer.alloc(0);
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    pending = Buffer.concat([pending, chunk]);
    for (let frame = firstFrame(pending); frame; frame = firstFrame(pending)) {
      pending = pending.subarray(frame.bytes);
      // Text and pings are answered; anything else ends the connection.
      if (frame.opcode === 1)
        socket.write(Buffer.concat([Buffer.from([0x81, frame.payload.length]), frame.payload]));
      else if (frame.opcode === 9) socket.write(Buffer.from([0x8a, 0]));
      else socket.end(Buffer.from([0x88, 0]));
    }
  });
}

/** A client's frame (masked, below 126 bytes) at the start of the buffer; undefined while it is incomplete. */
function firstFrame(buffer) {
  if (buffer.length < 6) return undefined;
  const length = buffer[1] & 0x7f;
  const bytes = 6 + length;
  if (buffer.length < bytes) return undefined;
  const mask = buffer.subarray(2, 6);
  const payload = buffer.subarray(6, bytes).map((byte, index) => byte ^ mask[index % 4]);
  return { opcode: buffer[0] & 0x0f, payload, bytes };
}
