import { once } from 'node:events';
import { type IncomingHttpHeaders, request as requestHttp1 } from 'node:http';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';

/** What a server answered. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A server under test: with `ca` it speaks TLS. */
export interface HttpServerAddress {
  readonly host: string;
  readonly port: number;
  readonly ca?: string;
  /** The address of this machine that it is asked from; of the limits of clients each address is another client. */
  readonly from?: string;
}

/** What is asked for. */
export interface HttpAsk {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/** One HTTP/2 connection. */
export class Http2Client {
  readonly session: ClientHttp2Session;
  readonly #host: string;

  constructor(address: HttpServerAddress) {
    const { host, port, ca } = address;
    const name = host.includes(':') ? `[${host}]` : host;
    this.#host = name;
    this.session = connect(`http${ca === undefined ? '' : 's'}://${name}:${port}`, {
      ca,
      ...(ca !== undefined && { createConnection: () => secureConnect(address, ['h2']) }),
    });
    this.session.on('error', () => {});
  }

  /** Opens a stream whose errors end nothing. */
  open(headers: OutgoingHttpHeaders, endStream: boolean): ClientHttp2Stream {
    const stream = this.session.request({ ':authority': this.#host, ...headers }, { endStream });
    stream.on('error', () => {});
    return stream;
  }

  /** Rejects when the stream ends without an answer. */
  ask({ method = 'GET', path, headers = {}, body }: HttpAsk): Promise<HttpAnswer> {
    const stream = this.open({ ':method': method, ':path': path, ...headers }, body === undefined);
    const answer = http2Answer(stream);
    if (body !== undefined) stream.end(body);
    return answer;
  }

  /** Closes it, if it is not closed. */
  async close(): Promise<void> {
    if (this.session.destroyed) return;
    const closed = once(this.session, 'close');
    this.session.destroy();
    await closed;
  }
}

/** The answer that comes on a stream. Rejects when none comes. */
function http2Answer(stream: ClientHttp2Stream): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    let head: HttpAnswer['headers'] | undefined;
    const pieces: Buffer[] = [];
    stream.on('response', (headers) => {
      head = headers as HttpAnswer['headers'];
    });
    stream.on('data', (piece: Buffer) => pieces.push(piece));
    stream.on('close', () => {
      if (head === undefined) reject(new Error(`no answer, reset with ${stream.rstCode}`));
      else resolve({ status: Number(head[':status']), headers: head, body: Buffer.concat(pieces) });
    });
  });
}

/** Asks over HTTP/1.1, on a connection of its own; over TLS `protocols` are offered. */
export function askHttp1(
  address: HttpServerAddress,
  { method = 'GET', path, headers, body }: HttpAsk,
  protocols: string[] = ['http/1.1'],
): Promise<HttpAnswer> {
  const { host, port, ca } = address;
  return new Promise((resolve, reject) => {
    const request = requestHttp1(
      {
        ...{ method, path, headers, host, port },
        createConnection: () =>
          ca === undefined ? connectTcp(port, host) : secureConnect({ host, port, ca }, protocols),
      },
      (response) => {
        const pieces: Buffer[] = [];
        response.on('data', (piece: Buffer) => pieces.push(piece));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(pieces),
          }),
        );
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

/** A connection of TLS that checks the certificate for `localhost`. */
export function secureConnect(address: HttpServerAddress, protocols: string[]): TLSSocket {
  const { host, port, ca, from } = address;
  const tcp = { host, port, ...(from !== undefined && { localAddress: from }) };
  return connectTls({ ...tcp, ca, servername: 'localhost', ALPNProtocols: protocols });
}
