import type { Agent, IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { LookupFunction } from 'node:net';
import { isIP } from 'node:net';

/** A reply, whatever its status. */
export interface HttpReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** At most as many bytes as were allowed; empty when an error response had more. */
  readonly body: Uint8Array;
}

/** Why there is no reply. The message is a clause for people. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  /** `too-large`: the body is longer than allowed. */
  readonly kind: 'unreachable' | 'timeout' | 'too-large';

  constructor(kind: HttpError['kind'], message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.kind = kind;
  }
}

/** The addresses of a host, IPv4 or IPv6; empty when it has none. */
export type HostResolver = (host: string, signal: AbortSignal) => Promise<readonly string[]>;

/** What an exchange sends. */
export interface HttpRequest {
  readonly method: 'GET' | 'PUT';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Bytes of the response body that are read at most. */
  readonly maxBody: number;
  /** Milliseconds for the whole exchange. */
  readonly timeout: number;
  readonly signal: AbortSignal;
}

/** Connections at one time to one host. */
const MAX_CONNECTIONS = 8;
/** Bytes of header fields; more is an error of the parser. */
const MAX_HEADER = 8192;
/** Milliseconds for the address of a host. */
const RESOLVE_TIMEOUT = 5_000;

/** Agents of one host. */
interface Agents {
  readonly kept: Agent;
  /** Opens a new connection for each request. */
  readonly fresh: Agent;
}

/**
 * HTTP to one host over connections that are kept. The host's name is resolved by `resolveHost` and never by the
 * system: we are the system's resolver. Redirects are not followed.
 */
export class HttpClient {
  readonly #open: () => Agents;
  #opened: Agents | undefined;

  /** `certificateAuthority`: in PEM, instead of those that Node trusts. */
  constructor(options: {
    readonly isSecure: boolean;
    readonly resolveHost: HostResolver;
    readonly certificateAuthority?: string;
  }) {
    const lookup = lookupWith(options.resolveHost);
    const ca = options.certificateAuthority;
    const shared = { maxSockets: MAX_CONNECTIONS, lookup, ...(ca !== undefined && { ca }) };
    this.#open = () => {
      const { Agent } = httpOf(options.isSecure);
      return {
        kept: new Agent({ ...shared, keepAlive: true, maxFreeSockets: 2 }),
        fresh: new Agent({ ...shared, keepAlive: false }),
      };
    };
  }

  /** @throws HttpError, and the reason of the signal */
  async exchange(request: HttpRequest): Promise<HttpReply> {
    request.signal.throwIfAborted();
    this.#opened ??= this.#open();
    const { kept, fresh } = this.#opened;
    try {
      return await this.#once(request, kept);
    } catch (error) {
      // The other end may close a kept connection in the very moment that it is used again, and may have closed all that
      // are kept. GET and PUT of a packet may be repeated.
      if (error instanceof ConnectionLost) return await this.#once(request, fresh);
      throw error;
    }
  }

  /** Closes all connections. */
  close(): void {
    this.#opened?.kept.destroy();
    this.#opened?.fresh.destroy();
  }

  #once(
    { method, url, headers, body, maxBody, timeout, signal }: HttpRequest,
    agent: Agent,
  ): Promise<HttpReply> {
    return new Promise((resolve, reject) => {
      const { request: send } = httpOf(url.protocol === 'https:');
      const length = body === undefined ? {} : { 'content-length': `${body.length}` };
      const request = send(url, {
        method,
        agent,
        headers: { ...headers, ...length, 'accept-encoding': 'identity' },
        maxHeaderSize: MAX_HEADER,
      });
      const end = (settle: () => void) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', abort);
        settle();
      };
      const fail = (error: unknown) => {
        end(() => reject(error));
        request.destroy();
      };
      const abort = () => fail(signal.reason);
      const tooLong = () => fail(new HttpError('timeout', `no complete response within ${timeout} ms`));
      const timer = setTimeout(tooLong, timeout);
      signal.addEventListener('abort', abort, { once: true });
      request.on('error', (error) => end(() => reject(connectionError(error, agent === this.#opened?.kept))));
      request.on('response', (response) => {
        readBody(response, maxBody).then(
          (octets) => end(() => resolve(replyOf(response, octets))),
          (error) => fail(error),
        );
      });
      request.end(body);
    });
  }
}

/** Node's module, loaded with the first request: most programs never ask a relay, and it takes megabytes. */
function httpOf(isSecure: boolean) {
  return isSecure ? process.getBuiltinModule('node:https') : process.getBuiltinModule('node:http');
}

/** The connection was closed before a response: it may have been kept for too long. */
class ConnectionLost extends Error {}

function connectionError(error: Error, mayBeKept: boolean): Error {
  const { code } = error as NodeJS.ErrnoException;
  if (mayBeKept && (code === 'ECONNRESET' || code === 'EPIPE')) return new ConnectionLost();
  return new HttpError('unreachable', error.message || (code ?? 'no connection'), { cause: error });
}

function replyOf({ statusCode = 0, headers }: IncomingMessage, body: Uint8Array): HttpReply {
  return { status: statusCode, headers, body };
}

/** The whole body. @throws HttpError when it is too long or breaks off; a long body of an error response does not count */
async function readBody(response: IncomingMessage, maxBody: number): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      length += chunk.length;
      if (length <= maxBody) continue;
      // Leaving the loop destroys the connection.
      if ((response.statusCode ?? 0) >= 300) return new Uint8Array(0);
      throw new HttpError('too-large', `a response of more than ${maxBody} bytes`);
    }
  } catch (error) {
    if (error instanceof HttpError) throw error;
    throw new HttpError('unreachable', 'the connection was closed within the response', { cause: error });
  }
  return Uint8Array.from(Buffer.concat(chunks));
}

function lookupWith(resolveHost: HostResolver): LookupFunction {
  return (hostname, options, callback) => {
    resolveHost(hostname, AbortSignal.timeout(RESOLVE_TIMEOUT)).then(
      (found) => {
        const addresses = found
          .map((address) => ({ address, family: isIP(address) }))
          .filter(({ family }) => family !== 0 && (!options.family || options.family === family));
        const [first] = addresses;
        if (first === undefined) callback(new Error(`${hostname} has no address`), '');
        else if (options.all === true) callback(null, addresses);
        else callback(null, first.address, first.family);
      },
      (error) => callback(new Error(`${hostname} could not be resolved`, { cause: error }), ''),
    );
  };
}
