import { once } from 'node:events';
import {
  constants,
  createSecureServer,
  type Http2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { createServer, type SecureVersion, type TLSSocket } from 'node:tls';
import { FrameReader } from '../../src/dns/frame-reader.ts';
import { decodeMessage } from '../../src/dns/message.ts';
import type { ReceivedQuery } from './scripted-upstream.ts';
import type { TestCertificate } from './test-certificate.ts';

/** A query to a scripted server over TLS, and its connection. */
export interface TlsQuery extends ReceivedQuery {
  readonly socket: TLSSocket;
  /** Sends a message. */
  readonly send: (message: Uint8Array) => void;
}

/** What scripted encrypted servers have in common. */
export interface EncryptedServer extends AsyncDisposable {
  readonly port: number;
  /** Handshakes that the server completed. */
  readonly connections: { readonly resumed: boolean; readonly servername: string | false }[];
  /** Connections that are open now. */
  readonly openConnections: number;
  /** Ends all connections. */
  drop(): void;
}

/** A DNS over TLS server that runs `script` for each query. */
export async function startTlsServer(
  certificate: Pick<TestCertificate, 'cert' | 'key'>,
  script: (query: TlsQuery) => void,
  options: {
    readonly maxVersion?: SecureVersion;
    readonly address?: string;
    readonly port?: number;
    /** Offered to clients (ALPN, RFC 7301). */
    readonly protocols?: readonly string[] | undefined;
  } = {},
): Promise<EncryptedServer & { readonly received: TlsQuery[]; readonly octets: { count: number } }> {
  const { maxVersion, address = '127.0.0.1', port = 0, protocols } = options;
  const server = createServer({
    ...{ cert: certificate.cert, key: certificate.key },
    ...(maxVersion !== undefined && { maxVersion }),
    ...(protocols !== undefined && { ALPNProtocols: [...protocols] }),
  });
  const shared = track(server);
  const received: TlsQuery[] = [];
  const octets = { count: 0 };
  server.on('secureConnection', (socket) => {
    const connection = shared.connections.length - 1;
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    const send = (message: Uint8Array): void => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(message.length);
      if (socket.writable) socket.write(Buffer.concat([length, message]));
    };
    const frames = new FrameReader((bytes) => {
      const query = { ...readQuery(bytes, connection), socket, send };
      received.push(query);
      script(query);
    });
    socket.on('data', (piece) => {
      octets.count += piece.length;
      frames.push(piece);
    });
  });
  server.listen(port, address);
  await once(server, 'listening');
  return Object.assign(finish(server, shared), { ...shared, received, octets });
}

/** A request to a scripted server for DNS over HTTPS. */
export interface HttpsQueryReceived extends ReceivedQuery {
  readonly stream: ServerHttp2Stream;
  readonly session: Http2Session;
  readonly headers: IncomingHttpHeaders;
  /** Ends the connection that it came over. */
  readonly drop: () => void;
  /** Answers 200 with this message. */
  readonly send: (message: Uint8Array, headers?: Record<string, string | number>) => void;
}

/** A DNS over HTTPS server that runs `script` for each request. */
export async function startHttpsServer(
  certificate: Pick<TestCertificate, 'cert' | 'key'>,
  script: (query: HttpsQueryReceived) => void,
  options: { readonly maxConcurrentStreams?: number } = {},
): Promise<EncryptedServer & { readonly received: HttpsQueryReceived[] }> {
  const { maxConcurrentStreams = 1000 } = options;
  const { cert, key } = certificate;
  const server = createSecureServer({ cert, key, settings: { maxConcurrentStreams } });
  const shared = track(server);
  const received: HttpsQueryReceived[] = [];
  server.on('sessionError', () => {});
  server.on('stream', (stream, headers) => {
    const { session } = stream;
    if (session === undefined) return;
    const pieces: Buffer[] = [];
    stream.on('error', () => {});
    stream.on('data', (piece: Buffer) => pieces.push(piece));
    stream.on('end', () => {
      // The client cancelled it before it was complete.
      if (stream.rstCode !== constants.NGHTTP2_NO_ERROR) return;
      const send = (message: Uint8Array, more: Record<string, string | number> = {}): void => {
        if (stream.destroyed || stream.headersSent) return;
        stream.respond({ ':status': 200, 'content-type': 'application/dns-message', ...more });
        stream.end(message);
      };
      const dns = /[?&]dns=([\w-]*)$/.exec(String(headers[':path']))?.[1];
      const isGet = headers[':method'] === 'GET';
      if (!isGet && pieces.length === 0) return;
      const read = readQuery(isGet ? Buffer.from(dns ?? '', 'base64url') : Buffer.concat(pieces), 0);
      const { remotePort } = session.socket;
      const dropThis = () => drop(shared, (socket) => socket.remotePort === remotePort);
      const query = { ...read, stream, session, headers, send, drop: dropThis };
      received.push(query);
      script(query);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(finish(server, shared), { ...shared, received });
}

type Listening = ReturnType<typeof createServer> | ReturnType<typeof createSecureServer>;

function track(server: Listening): Pick<EncryptedServer, 'connections'> & { readonly sockets: Set<Socket> } {
  const sockets = new Set<Socket>();
  const connections: { resumed: boolean; servername: string | false }[] = [];
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  });
  server.prependListener('secureConnection', (socket: TLSSocket) => {
    connections.push({
      resumed: socket.isSessionReused(),
      servername: (socket as { servername?: string | false }).servername ?? false,
    });
  });
  return { connections, sockets };
}

function finish(
  server: Listening,
  shared: { readonly sockets: Set<Socket> },
): Pick<EncryptedServer, 'port' | 'openConnections' | 'drop' | typeof Symbol.asyncDispose> {
  return {
    get openConnections() {
      return shared.sockets.size;
    },
    port: (server.address() as AddressInfo).port,
    drop: () => drop(shared),
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      // A connection may still be accepted, and the server waits for every one to end.
      server.on('connection', (socket: Socket) => socket.destroy());
      server.close();
      drop(shared);
      await closed;
    },
  };
}

function drop({ sockets }: { readonly sockets: Set<Socket> }, whether = (_: Socket) => true): void {
  for (const socket of [...sockets].filter(whether)) socket.destroy();
}

function readQuery(bytes: Uint8Array, connection: number): ReceivedQuery {
  const message = decodeMessage(bytes);
  const question = message.questions[0];
  if (question === undefined) throw new Error('a query without a question came to a scripted server');
  return {
    ...{ transport: 'tcp', message, question, bytes, connection, at: performance.now() },
    ...{ name: question.name.labels.join('.'), sourceAddress: '127.0.0.1', sourcePort: 0 },
  };
}
