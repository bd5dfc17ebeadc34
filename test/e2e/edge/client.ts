import { request as httpRequest, type IncomingHttpHeaders, type RequestOptions } from 'node:http';
import {
  type ClientHttp2Session,
  connect as connectHttp2,
  type IncomingHttpHeaders as Http2Headers,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { request as httpsRequest } from 'node:https';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { answered } from '../answer.ts';
import type { EdgeContainer } from './lab.ts';

export interface Call {
  method?: string;
  /** `Host`; by default the first domain. */
  host?: string;
  /** Name in the TLS handshake; by default that of `host`. Empty: none. */
  sni?: string;
  headers?: Record<string, string | string[]>;
  body?: string | Buffer;
  /** Address the edge should believe, where it trusts the lab's gateway. */
  from?: string;
  plain?: boolean;
  /** A connection that is there already. */
  socket?: Socket;
}

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  /** Each header's values, apart, as they came. */
  all(name: string): string[];
  body: string;
  /** The body as the echo upstream's JSON. */
  echo(): Echo;
}

export interface Echo {
  method: string;
  url: string;
  headers: Record<string, string>;
  names: string[];
  size: number;
  connection: number;
  /** Requests so far, whose bodies need not be there yet. */
  requests: number;
  /** Requests to `/reset` so far. */
  resets: number;
}

const domain = 'a.example.test';

const serverName = ({ sni, host = domain }: Call): string => sni ?? host.replace(/:\d+$/, '');

/** One request over HTTP/1.1 on a connection of its own. */
export async function call(edge: EdgeContainer, path: string, options: Call = {}): Promise<Answer> {
  const { method = 'GET', host = domain, headers = {}, body, from, plain = false, socket } = options;
  const settings: RequestOptions = {
    host: edge.address,
    port: plain ? 8080 : 8443,
    method,
    path,
    headers: { host, ...(from ? { 'x-forwarded-for': from } : {}), ...headers },
    timeout: 20_000,
    ...(socket ? { createConnection: () => socket } : { agent: false }),
  };
  const request =
    plain || socket
      ? httpRequest(settings)
      : httpsRequest({ ...settings, servername: serverName(options), rejectUnauthorized: false });
  request.end(body);
  const { response, body: text } = await answered(request);
  return {
    status: response.statusCode!,
    headers: response.headers,
    all: (name) => response.headersDistinct[name.toLowerCase()] ?? [],
    body: text,
    echo: () => JSON.parse(text) as Echo,
  };
}

/** Many requests at once, on connections that are there already: a busy machine does not draw them out. */
export async function burst(
  edge: EdgeContainer,
  count: number,
  path: string,
  options: Call = {},
): Promise<Answer[]> {
  const connected = () =>
    new Promise<Socket>((resolve, reject) => {
      const socket = open(edge, options.plain, serverName(options));
      socket.once('error', reject);
      socket.once(options.plain ? 'connect' : 'secureConnect', () => resolve(socket));
    });
  const sockets = await Promise.all(Array.from({ length: count }, connected));
  return Promise.all(sockets.map((socket) => call(edge, path, { ...options, socket })));
}

/**
 * Bytes as they are, over TLS or plain; the answer until the edge closes or nothing more of it has come for `quietMs`. How
 * long its first byte takes is the edge's affair, and the machine's.
 */
export function raw(
  edge: EdgeContainer,
  bytes: string | Buffer,
  { plain = false, sni = domain, quietMs = 1500 } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = open(edge, plain, sni);
    let text = '';
    const done = () => {
      socket.destroy();
      resolve(text);
    };
    socket.setTimeout(30_000, done);
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      socket.setTimeout(quietMs);
    });
    socket.on('error', (error: NodeJS.ErrnoException) =>
      text || error.code === 'ECONNRESET' ? done() : reject(error),
    );
    socket.on('close', done);
    socket.write(bytes);
  });
}

export function open(edge: EdgeContainer, plain = false, sni = domain): Socket {
  return plain
    ? connectTcp(8080, edge.address)
    : connectTls({ host: edge.address, port: 8443, servername: sni, rejectUnauthorized: false });
}

/** One HTTP/2 connection. */
export function openHttp2(edge: EdgeContainer): ClientHttp2Session {
  return connectHttp2(`https://${domain}`, {
    createConnection: () =>
      connectTls({
        host: edge.address,
        port: 8443,
        servername: domain,
        ALPNProtocols: ['h2'],
        rejectUnauthorized: false,
      }),
  });
}

/** The status of one request on a connection. */
export function streamStatus(session: ClientHttp2Session, headers: OutgoingHttpHeaders): Promise<number> {
  return new Promise((resolve, reject) => {
    const stream = session.request(headers);
    let status = 0;
    stream.on('response', (response) => {
      status = Number(response[':status']);
    });
    stream.on('error', reject).on('end', () => resolve(status));
    stream.resume().end();
  });
}

export interface GrpcAnswer {
  http: number;
  /** From the trailers, or from the headers where there is nothing else. */
  status: string | undefined;
  headers: Http2Headers;
  body: string;
}

/** A unary gRPC call with an empty message. */
export function grpcCall(edge: EdgeContainer, path: string, size = 0): Promise<GrpcAnswer> {
  return new Promise((resolve, reject) => {
    const session = openHttp2(edge);
    session.on('error', reject);
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const answer: GrpcAnswer = { http: 0, status: undefined, headers: {}, body: '' };
    stream.on('response', (headers) => {
      answer.http = Number(headers[':status']);
      answer.headers = headers;
      answer.status = headers['grpc-status'] as string | undefined;
    });
    stream.on('trailers', (trailers) => {
      answer.status = trailers['grpc-status'] as string | undefined;
    });
    stream.on('data', (chunk: Buffer) => {
      answer.body += chunk.toString('latin1');
    });
    stream.on('error', reject);
    stream.on('end', () => {
      session.close();
      resolve(answer);
    });
    const frame = Buffer.alloc(5 + size);
    frame.writeUInt32BE(size, 1);
    stream.end(frame);
  });
}
