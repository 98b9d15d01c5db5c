import { constants } from 'node:crypto';
import { createServer as createHttp1, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTcp, type Server, type Socket } from 'node:net';
import { createServer as createTls, type TLSSocket, type Server as TlsServer } from 'node:tls';
import { FewEachTurn } from '../../async/few-each-turn.ts';
import { listenTcp } from '../listen-tcp.ts';
import { onFirstOctets } from '../listening/first-octets.ts';
import { WatchedConnection } from './connection.ts';
import { continueWhenRead } from './continue-when-read.ts';
import { Http1Exchange } from './http1-exchange.ts';
import { Http2Session } from './http2/session.ts';
import { RequestBodies } from './request-body.ts';
import * as bounds from './shared/bounds.ts';
import { type Exchange, ignore, internalError, lengthOf } from './shared/exchange.ts';
import type { HttpsAnswer, HttpsOptions, HttpsRequest, HttpsServer } from './shared/server.ts';

/**
 * HTTP/2 and HTTP/1.1 on one port: a server of TCP or TLS listens, and gives each connection to a session of HTTP/2 or to Node's server
 * of HTTP/1.1, which never listens itself, by what was negotiated (RFC 7301) or, without TLS, by the first octets. So each
 * connection is ours from the start, and bounded before HTTP has seen anything of it.
 */
export class SocketServer implements HttpsServer {
  readonly #options: HttpsOptions;
  readonly #front: Server;
  /** Makes the handshakes; undefined without TLS. */
  readonly #tls: TlsServer | undefined;
  readonly #frames = new FewEachTurn(bounds.FRAMES_AT_ONCE);
  readonly #http1;
  readonly #connections = new Set<WatchedConnection>();
  /**
   * By the ends of the connection, which is all that the two events of one have in common. A port alone is not enough: two clients
   * may have the same one, and somebody could take all of them.
   */
  readonly #handshaking = new Map<string, WatchedConnection>();
  readonly #bodies = new RequestBodies<{
    readonly connection: WatchedConnection;
    readonly exchange: Exchange;
  }>({
    onBody: ({ connection, exchange }, octets) => {
      exchange.body = octets;
      this.#answer(connection, exchange);
    },
    onRefused: ({ connection, exchange }, status) => {
      // What else the connection of the oldest has begun takes memory too.
      if (status === 503) connection.destroy();
      else exchange.refuse(status);
    },
  });
  /** By the stream of HTTP/1.1. */
  readonly #connectionOf = new WeakMap<Socket, WatchedConnection>();
  #looking: NodeJS.Timeout | undefined;
  #renewedAt = performance.now();
  #unlisten: () => void = () => {};
  /** Settles when the last connection is closed, after listening has stopped. */
  #closed: Promise<void> | undefined;

  private constructor(options: HttpsOptions) {
    this.#options = options;
    this.#http1 = createHttp1(
      { maxHeaderSize: bounds.MAX_HEADERS, keepAliveTimeout: bounds.IDLE, insecureHTTPParser: false },
      (request, response) => this.#takeHttp1(request, response),
    );
    this.#http1.on('checkContinue', (request, response) => {
      continueWhenRead(request, response);
      this.#takeHttp1(request, response);
    });
    this.#tls = this.#createTls();
    this.#front = this.#createFront(this.#tls);
  }

  /** Listens. Rejects with the system's error. */
  static async open(options: HttpsOptions): Promise<SocketServer> {
    const server = new SocketServer(options);
    const front = server.#front;
    await new Promise<void>((resolve, reject) => {
      front.once('error', reject);
      front.once('listening', resolve);
      try {
        listenTcp(front, options.place);
      } catch (error) {
        // A descriptor that is no socket; anything else is an event.
        reject(error);
      }
    });
    front.removeAllListeners('error');
    // Accepting fails when there are no file descriptors; Node tries again by itself.
    front.on('error', ignore);
    server.#looking = setInterval(() => server.#look(), bounds.LOOK_EVERY);
    server.#unlisten = options.certificate?.onChange(() => server.#renew()) ?? (() => {});
    return server;
  }

  /** See `HttpsServer`. */
  get port(): number {
    const address = this.#front.address();
    return typeof address === 'object' ? (address?.port ?? 0) : 0;
  }

  /** See `HttpsServer`. */
  async leave(): Promise<void> {
    this.#stopListening();
    await Promise.all(
      [...this.#connections].map((connection) => connection.firstRequest(bounds.FIRST_REQUEST)),
    );
  }

  /** See `HttpsServer`. */
  async stop(): Promise<void> {
    this.#unlisten();
    this.#stopListening();
    for (const connection of this.#connections) connection.finish();
    const tooLong = setTimeout(() => {
      for (const connection of this.#connections) connection.destroy();
    }, bounds.LAST_ANSWERS);
    await this.#closed;
    clearTimeout(tooLong);
    clearInterval(this.#looking);
  }

  #stopListening(): void {
    this.#closed ??= new Promise<void>((resolve) => this.#front.close(() => resolve()));
  }

  #createFront(tls: TlsServer | undefined): Server {
    return createTcp((socket) => {
      const connection = this.#accept(socket);
      const stop = onFirstOctets(socket, () => {
        if (tls !== undefined) {
          this.#options.handshakes.begin(connection.address, socket, () => {
            stop();
            this.#secure(connection, socket, tls);
          });
          return;
        }
        stop();
        const first: Buffer | null = socket.read();
        if (first === null) return;
        socket.unshift(first);
        // RFC 9113 §3.4: "The client connection preface starts with a sequence of 24 octets", "PRI * HTTP/2.0".
        this.#give(connection, socket, first.toString('latin1', 0, 3) === 'PRI');
      });
    });
  }

  /** Begins the handshake of a connection. */
  #secure(connection: WatchedConnection, socket: Socket, tls: TlsServer): void {
    const ends = endsOf(socket);
    this.#handshaking.set(ends, connection);
    socket.on('close', () => {
      if (this.#handshaking.get(ends) === connection) this.#handshaking.delete(ends);
    });
    tls.emit('connection', socket);
  }

  /** A server that does not listen: it is given connections whose first octets are there. */
  #createTls(): TlsServer | undefined {
    const { certificate } = this.#options;
    if (certificate === undefined) return undefined;
    const { chain, key } = certificate.current;
    const tls = createTls({
      ...tlsOptions,
      cert: chain,
      key,
      ALPNProtocols: ['h2', 'http/1.1'],
      handshakeTimeout: bounds.IDLE,
    });
    tls.on('secureConnection', (stream: TLSSocket) => {
      const ends = endsOf(stream);
      const connection = this.#handshaking.get(ends);
      // It was closed meanwhile.
      if (connection === undefined) {
        stream.destroy();
        return;
      }
      this.#handshaking.delete(ends);
      stream.on('error', () => stream.destroy());
      this.#options.handshakes.step(() => {
        if (!stream.destroyed) this.#give(connection, stream, stream.alpnProtocol === 'h2');
      });
    });
    // The socket is destroyed already.
    tls.on('tlsClientError', ignore);
    return tls;
  }

  #accept(socket: Socket): WatchedConnection {
    const connection = new WatchedConnection(socket, ({ address }) =>
      this.#options.handshakes.flooded(address),
    );
    this.#connections.add(connection);
    socket.on('close', () => this.#connections.delete(connection));
    socket.setNoDelay(true);
    connection.watchWith(this.#options.onConnection(connection));
    return connection;
  }

  #give(connection: WatchedConnection, stream: Socket, isHttp2: boolean): void {
    connection.stream = stream;
    if (isHttp2) {
      const session = new Http2Session(stream, {
        address: connection.address,
        turns: this.#frames,
        onRequest: (exchange) => this.#take(connection, exchange),
        onFlood: () => connection.flooded(),
        destroy: () => connection.destroy(),
      });
      connection.useSession(session);
    } else {
      this.#connectionOf.set(stream, connection);
      this.#http1.emit('connection', stream);
    }
  }

  #takeHttp1(request: IncomingMessage, response: ServerResponse): void {
    const connection = this.#connectionOf.get(request.socket);
    if (connection === undefined) return;
    // RFC 9112 §9.3.2 has a client try again what it sent ahead. What came in one piece with that is read nevertheless.
    if (connection.isFull) connection.destroy();
    if (!connection.isGone) this.#take(connection, new Http1Exchange(request, response, connection.address));
  }

  #take(connection: WatchedConnection, exchange: Exchange): void {
    const { declaredLength } = exchange;
    if (declaredLength === 0) this.#answer(connection, exchange);
    else if (declaredLength !== undefined && declaredLength > bounds.MAX_BODY) exchange.refuse(413);
    else exchange.readBody(this.#bodies.begin({ connection, exchange }, declaredLength));
  }

  #answer(connection: WatchedConnection, exchange: Exchange): void {
    connection.begin();
    const answer = this.#ask(exchange);
    if (!(answer instanceof Promise)) {
      connection.end();
      this.#send(connection, exchange, answer);
      return;
    }
    connection.waits();
    answer
      .catch((error: unknown) => {
        this.#options.onBug(error);
        return internalError;
      })
      .then((found) => {
        connection.end();
        this.#send(connection, exchange, found);
      })
      .catch(this.#options.onBug);
  }

  /** One throw inside an event of a stream would end everything. */
  #ask(request: HttpsRequest): HttpsAnswer | Promise<HttpsAnswer> {
    try {
      return this.#options.handler(request);
    } catch (error) {
      this.#options.onBug(error);
      return internalError;
    }
  }

  #send(connection: WatchedConnection, exchange: Exchange, answer: HttpsAnswer): void {
    if (exchange.isOver) return;
    try {
      exchange.send(answer);
    } catch (error) {
      // A header that cannot be sent.
      this.#options.onBug(error);
      connection.destroy();
      return;
    }
    const length = lengthOf(answer);
    if (length >= bounds.SMALL) exchange.onceClosed(connection.sends(length));
  }

  #look(): void {
    const now = performance.now();
    this.#bodies.refuseOlder(now - bounds.BODY_TIME);
    for (const connection of this.#connections) connection.look(now);
    if (now - this.#renewedAt > bounds.RENEW_TICKETS) this.#renew();
  }

  /** Shows the current certificate to those who connect from now on, with new secrets of session tickets. */
  #renew(): void {
    this.#renewedAt = performance.now();
    const { certificate } = this.#options;
    if (certificate === undefined) return;
    const { chain, key } = certificate.current;
    this.#tls?.setSecureContext({ ...tlsOptions, cert: chain, key });
  }
}

/** What no two open connections of one server have in common. */
function endsOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`;
}

/** What TLS does beside showing the certificate. */
const tlsOptions = {
  // RFC 8310 §8.1 and RFC 9325 §3.1.1: "Implementations MUST NOT negotiate TLS version 1.1".
  minVersion: 'TLSv1.2',
  // RFC 9113 §9.2.1: "A deployment of HTTP/2 over TLS 1.2 MUST disable renegotiation."
  secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
} as const;
