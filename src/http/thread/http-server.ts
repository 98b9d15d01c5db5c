import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { continueWhenRead } from '../../system/https/continue-when-read.ts';
import { bareResponse } from '../bare-response.ts';
import { limits } from '../limits.ts';
import { respond } from '../routing/respond.ts';
import type { Sites } from '../routing/routes.ts';
import { holdBack } from './hold-back.ts';
import { RequestTimers } from './request-timers.ts';

/** Puts TLS on a connection, now or later, and calls `use` with what is in it. */
export type Secure = (socket: Socket, use: (stream: Socket) => void) => void;

/** A server that does not listen: it is given connections. */
export interface HttpServer {
  /** Serves a connection that was accepted; with `secure` what is in TLS on it, in the time that it would have without. */
  take(socket: Socket, secure?: Secure): void;
  /** Connections end after the request that they are at; those without any are left as they are. */
  finish(): void;
}

/**
 * Reads requests and has `routes` answer them, in the same way on both runtimes.
 * @param onBug told what `routes` threw; that connection ends.
 * @param timers others in tests.
 */
export function httpServer(
  routes: Sites,
  onBug: (error: unknown) => void,
  timers: RequestTimers = new RequestTimers(),
): HttpServer {
  const http = createServer({
    maxHeaderSize: limits.headerOctets,
    // See `RequestTimers`.
    headersTimeout: 0,
    requestTimeout: 0,
    keepAliveTimeout: 0,
    requireHostHeader: false,
  });
  // One more than are taken, so that too many are noticed.
  http.maxHeadersCount = limits.headers + 1;
  const take = (request: IncomingMessage, response: ServerResponse) => {
    // A client that goes away is no error of ours.
    request.on('error', () => {});
    response.on('error', () => {});
    if (!timers.began(request, response)) return;
    holdBack(request, response);
    try {
      routes.handle(request, response);
    } catch (error) {
      onBug(error);
      response.destroy();
    }
  };
  http.on('request', take);
  // RFC 9110 §10.1.1: a client that waits is told to go on when its body is read, and not when it has an answer before.
  http.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    continueWhenRead(request, response);
    take(request, response);
  });
  // RFC 9110 §10.1.1; Node's own answer would have no headers.
  http.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    response.on('error', () => {});
    if (timers.began(request, response)) respond(response, { status: 417, headers: { connection: 'close' } });
  });
  http.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    timers.upgraded(socket);
    try {
      routes.upgrade(request, socket, head);
    } catch (error) {
      onBug(error);
      socket.destroy();
    }
  });
  http.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : 400;
    if (!socket.writable || error.code === 'ECONNRESET') socket.destroy();
    else socket.end(bareResponse(status));
  });
  return {
    take(socket, secure) {
      timers.accepted(socket);
      if (secure === undefined) http.emit('connection', socket);
      else
        secure(socket, (stream) => {
          timers.secured(socket, stream);
          http.emit('connection', stream);
        });
    },
    finish: () => timers.finish(),
  };
}
