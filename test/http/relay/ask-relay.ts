import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';

/** What a relay answered. */
export interface RelayAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** A request to a relay on loopback. */
export interface RelayRequest {
  readonly method?: string;
  readonly path: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: Uint8Array | undefined;
}

/** Sends one request on a connection of its own. Rejects when the connection ends before the answer. */
export async function askRelay(
  port: number,
  { method = 'GET', path, headers = {}, body }: RelayRequest,
): Promise<RelayAnswer> {
  const length = body === undefined ? {} : { 'content-length': body.length };
  const request = httpRequest({
    ...{ host: '127.0.0.1', port, method, path, agent: false },
    headers: { host: `127.0.0.1:${port}`, ...length, ...headers },
  });
  request.end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  // An answer that comes before the end of the body ends the connection.
  request.on('error', () => {});
  const pieces: Buffer[] = [];
  for await (const piece of response) pieces.push(piece);
  return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(pieces) };
}
