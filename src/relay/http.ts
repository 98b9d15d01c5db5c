import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import { isIP } from 'node:net';

/** A reply, whatever its status. */
export interface HttpReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** At most as many octets as were allowed; empty when a reply that is no success had more. */
  readonly body: Uint8Array;
}

/** Why there is no reply: one sentence for people. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  /** `too-large`: the body did not end where it had to. */
  readonly kind: 'unreachable' | 'time-out' | 'too-large';

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
  /** Octets of the body that may come back. */
  readonly maxBody: number;
  /** Milliseconds for the whole exchange. */
  readonly timeout: number;
  readonly signal: AbortSignal;
}

/** Connections at one time to one host. */
const MAX_CONNECTIONS = 8;
/** Octets of header fields; more is an error of the parser. */
const MAX_HEADER = 8192;
/** Milliseconds after which the search for a host's address is given up. */
const RESOLVE_TIMEOUT = 5_000;

/**
 * HTTP to one host over connections that are kept. The host's name is resolved by `resolveHost` and never by the
 * system: we are the system's resolver. Redirects are not followed.
 */
export class HttpClient {
  readonly #agent: HttpAgent | HttpsAgent;

  /** `certificateAuthority`: in PEM, in place of those that Node trusts. */
  constructor(options: {
    readonly isSecure: boolean;
    readonly resolveHost: HostResolver;
    readonly certificateAuthority?: string;
  }) {
    const lookup = lookupWith(options.resolveHost);
    const shared = { keepAlive: true, maxSockets: MAX_CONNECTIONS, maxFreeSockets: 2, lookup };
    const ca = options.certificateAuthority;
    this.#agent = options.isSecure
      ? new HttpsAgent(ca === undefined ? shared : { ...shared, ca })
      : new HttpAgent(shared);
  }

  /** Throws HttpError, or the reason of the signal. */
  async exchange(request: HttpRequest): Promise<HttpReply> {
    request.signal.throwIfAborted();
    try {
      return await this.#once(request);
    } catch (error) {
      // The other end may close a connection that was kept in the very moment it is used again; GET and PUT of a packet
      // may be repeated.
      if (error instanceof StaleConnection) return await this.#once(request);
      throw error;
    }
  }

  /** Closes all connections. */
  close(): void {
    this.#agent.destroy();
  }

  #once({ method, url, headers, body, maxBody, timeout, signal }: HttpRequest): Promise<HttpReply> {
    return new Promise((resolve, reject) => {
      const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
      const length = body === undefined ? {} : { 'content-length': `${body.length}` };
      const request = send(url, {
        method,
        agent: this.#agent,
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
      const tooLong = () => fail(new HttpError('time-out', `no whole answer within ${timeout} ms`));
      const timer = setTimeout(tooLong, timeout);
      signal.addEventListener('abort', abort, { once: true });
      request.on('error', (error) => end(() => reject(connectionError(request, error))));
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

/** The request was sent on a kept connection that had just been closed. */
class StaleConnection extends Error {}

function connectionError(request: ClientRequest, error: Error): Error {
  const { code } = error as NodeJS.ErrnoException;
  if (request.reusedSocket && (code === 'ECONNRESET' || code === 'EPIPE')) return new StaleConnection();
  return new HttpError('unreachable', error.message || (code ?? 'no connection'), { cause: error });
}

function replyOf({ statusCode = 0, headers }: IncomingMessage, body: Uint8Array): HttpReply {
  return { status: statusCode, headers, body };
}

/** The whole body, or HttpError where it does not end in time. What comes with a failure is not worth an error. */
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
      throw new HttpError('too-large', `an answer of more than ${maxBody} octets`);
    }
  } catch (error) {
    if (error instanceof HttpError) throw error;
    throw new HttpError('unreachable', 'the connection ended within the answer', { cause: error });
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
