// Loaded before the Observatory, which only knows ports 80 and 443 of a public name: leads its connections to the edge.
import { Socket } from 'node:net';

const edge = process.env.EDGE_ADDRESS;
const ports = { 80: 8080, 443: 8443 };
const connect = Socket.prototype.connect;

/** `args` is what node:net has made of the caller's arguments: a list of options and callback. */
Socket.prototype.connect = function (...args) {
  const [first] = args;
  const options = Array.isArray(first) ? first[0] : first;
  if (options && typeof options === 'object' && options.port in ports) {
    options.host = edge;
    options.port = ports[options.port];
    options.lookup = undefined;
  }
  return connect.apply(this, args);
};
