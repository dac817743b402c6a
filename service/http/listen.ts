/** The socket: loopback only, short patience, the guard before everything. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import { PentimentoError, problemOf } from '../../shared/errors.ts';
import { writeProblem } from './answers.ts';
import { factsOf, refusalOf } from './guard.ts';
import type { AppEnv } from './parts.ts';

export interface Listening {
  readonly port: number;
  /** When the last request began or a socket was busy, for stopping an idle service. */
  lastRequestMs(): number;
  /** Takes no new connection and ends when the present answers are out, or after `graceMs`. */
  close(graceMs: number): Promise<void>;
}

export interface ListenOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly monotonicMs: () => number;
}

/** Throws E_PORT_TAKEN; never takes another port. */
export async function listen(app: Hono<AppEnv>, options: ListenOptions): Promise<Listening> {
  let lastRequestMs = options.monotonicMs();
  let port = 0;
  const answer = getRequestListener(app.fetch, {
    overrideGlobalObjects: false,
    errorHandler: () => new Response(null, { status: 400 }),
  });
  const server = createServer(
    {
      maxHeaderSize: 16 * 1024,
      headersTimeout: 10_000,
      // Uploads have an idle limit of their own (body.ts).
      requestTimeout: 0,
      keepAliveTimeout: 5_000,
      connectionsCheckingInterval: 5_000,
      // The request without a Host is answered by the guard, as every other wrong one.
      requireHostHeader: false,
    },
    (incoming, outgoing) => {
      lastRequestMs = options.monotonicMs();
      const refusal = refusalOf(factsOf(incoming), port);
      if (refusal !== undefined) writeProblem(outgoing, problemOf(refusal));
      else void answer(incoming, outgoing);
    },
  );
  server.maxConnections = 256;
  server.maxHeadersCount = 100;
  server.on('clientError', refuseGarbage);
  port = await bind(server, options);
  return {
    port,
    lastRequestMs: () => lastRequestMs,
    close: (graceMs) => close(server, graceMs),
  };
}

function bind(server: Server, options: ListenOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE' && error.code !== 'EACCES') reject(error);
      else reject(new PentimentoError('E_PORT_TAKEN', `Port ${options.port}.`, { cause: error }));
    });
    server.listen({ host: options.host, port: options.port, exclusive: true }, () => {
      const address = server.address() as AddressInfo;
      resolve(address.port);
    });
  });
}

function refuseGarbage(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? '431 Request Header Fields Too Large'
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? '408 Request Timeout'
        : '400 Bad Request';
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

async function close(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const force = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(force);
}
