import type { IncomingHttpHeaders } from 'node:http';
import type { PublicKey } from '../pkarr/public-key.ts';
import { type PacketRefusal, SignedPacket } from '../pkarr/signed-packet.ts';
import { MAX_TIMESTAMP, type Timestamp } from '../pkarr/timestamp.ts';
import { type HostResolver, HttpClient, HttpError, type HttpReply, type HttpRequest } from './http.ts';
import { httpDate } from './http-date.ts';
import { RelayPause } from './pause.ts';
import { RequestQueue } from './request-queue.ts';

/** Why a relay gave no answer to the question. A closed list. */
export type RelayFailure =
  /** It was not asked: it has set a rate limit, or failed just now. */
  | { readonly kind: 'paused' /** Milliseconds that are left. */; readonly forMs: number }
  /** 429: too many requests. */
  | { readonly kind: 'limited' /** Milliseconds until it may be asked. */; readonly forMs: number }
  /** No address, no connection, or one that broke. */
  | { readonly kind: 'unreachable'; readonly reason: string }
  | { readonly kind: 'timeout'; readonly reason: string }
  /** A status of 500 or more; 503: its DHT is unusable. */
  | { readonly kind: 'server-error'; readonly status: number }
  /** A status without a meaning here, for example 400 or a redirect. */
  | { readonly kind: 'refused'; readonly status: number }
  /** A response that breaks the rules of relays: too large, empty, a header that is not a number. */
  | { readonly kind: 'malformed'; readonly reason: string };

/** What a relay said to a GET. */
export type RelayGetOutcome =
  | { readonly kind: 'packet'; readonly packet: SignedPacket }
  /** It sent something that is no packet of this key; `seq` if the key signed it nevertheless. */
  | { readonly kind: 'unusable'; readonly reason: PacketRefusal; readonly seq: bigint | undefined }
  /** It has nothing newer than what it was asked with. */
  | { readonly kind: 'not-modified' }
  /** It has nothing. `invalidSeq`: it says that there is an item with this sequence number that is no packet. */
  | { readonly kind: 'absent'; readonly invalidSeq: bigint | undefined }
  | { readonly kind: 'failed'; readonly failure: RelayFailure };

/** What a relay said to a PUT. */
export type RelayPutOutcome =
  /** `nodes`: of the DHT that stored it, as the relay says. */
  | { readonly kind: 'stored'; readonly nodes: number }
  /**
   * It keeps another packet. `newer-known` (409): a newer one. `changed` (412): not the one that was to be replaced.
   * `must-say` (428): another is being published, and the request must say which one it replaces.
   */
  | { readonly kind: 'conflict'; readonly reason: 'newer-known' | 'changed' | 'must-say' }
  /** 400 or 413: it says that this is no packet. */
  | { readonly kind: 'rejected'; readonly status: number }
  | { readonly kind: 'failed'; readonly failure: RelayFailure };

/** A relay: packets over HTTP. */
export interface RelayClient {
  /** Host, port and path of its address. */
  readonly label: string;
  /**
   * Asks for the packet of `key`. With `newerThan` the relay need not send a packet that is not newer. Rejects only with
   * the reason of the signal.
   */
  get(
    key: PublicKey,
    options: RelayRequestOptions & { readonly newerThan?: Timestamp },
  ): Promise<RelayGetOutcome>;
  /**
   * Publishes a packet; with `replaces` only if the relay knows none that is newer than that timestamp. Rejects only with
   * the reason of the signal.
   */
  put(
    packet: SignedPacket,
    options: RelayRequestOptions & { readonly replaces?: Timestamp },
  ): Promise<RelayPutOutcome>;
  /** Milliseconds until it may be asked again because of a rate limit; 0 when there is none. */
  limitedFor(): number;
  /** Forgets earlier failures, because the network changed. A rate limit remains. */
  resetFailures(): void;
  close(): void;
}

/** How long to wait for a relay. */
export interface RelayRequestOptions {
  /** Milliseconds to wait while the relay may not be asked, because of a rate limit or a failure; default 0. */
  readonly patience?: number;
  readonly signal: AbortSignal;
}

/** What a relay client works with. */
export interface RelayClientOptions {
  /** As `parseRelayUrl` of `config` gives it. */
  readonly url: URL;
  readonly resolveHost: HostResolver;
  /** Milliseconds, never going back. */
  readonly now: () => number;
  /** Milliseconds since 1970, for a `Retry-After` that is a date. */
  readonly nowWall: () => number;
  /** Milliseconds for a GET. Default 5000. */
  readonly getTimeout?: number;
  /** Milliseconds for a PUT, which the relay answers when nodes of its DHT have. Default 20,000. */
  readonly putTimeout?: number;
  /** In PEM, instead of the authorities that Node trusts. */
  readonly certificateAuthority?: string;
}

/** Octets of signature, timestamp and message. */
const MAX_PAYLOAD = 1072;
const MIN_PAYLOAD = 72;
const GET_TIMEOUT = 5_000;
const PUT_TIMEOUT = 20_000;

/** A client of the relay at an address. */
export function createRelayClient(options: RelayClientOptions): RelayClient {
  const { url, resolveHost, certificateAuthority: ca } = options;
  const http = new HttpClient({
    isSecure: url.protocol === 'https:',
    resolveHost,
    ...(ca === undefined ? {} : { certificateAuthority: ca }),
  });
  const pause = new RelayPause(options);
  const queue = new RequestQueue(pause, options.now);
  const urlOf = (key: PublicKey) => new URL(`${url.pathname.replace(/\/+$/, '')}/${key.text}`, url);

  /** One exchange when the relay may be asked; a response without a meaning is a failure. */
  async function exchange(
    request: Omit<HttpRequest, 'maxBody'> & RelayRequestOptions,
  ): Promise<HttpReply | RelayFailure> {
    const attempt = async () => {
      const result = await exchangeOnce(request);
      return { result, isLimited: 'kind' in result && result.kind === 'limited' };
    };
    const { patience = 0, signal } = request;
    const result = await queue.run(attempt, { patience, signal });
    return 'pausedFor' in result ? { kind: 'paused', forMs: result.pausedFor } : result;
  }

  async function exchangeOnce(request: Omit<HttpRequest, 'maxBody'>): Promise<HttpReply | RelayFailure> {
    try {
      const reply = await http.exchange({ ...request, maxBody: MAX_PAYLOAD });
      if (reply.status === 429)
        return { kind: 'limited', forMs: pause.limited(reply.headers['retry-after']) };
      if (reply.status >= 500) {
        pause.failed(reply.headers['retry-after']);
        return { kind: 'server-error', status: reply.status };
      }
      pause.resetFailures();
      return reply;
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      if (error.kind === 'too-large') return { kind: 'malformed', reason: error.message };
      pause.failed();
      return { kind: error.kind, reason: error.message };
    }
  }

  async function get(
    key: PublicKey,
    condition: string | undefined,
    waiting: RelayRequestOptions,
  ): Promise<RelayGetOutcome> {
    const headers = condition === undefined ? {} : { 'if-modified-since': condition };
    const timeout = options.getTimeout ?? GET_TIMEOUT;
    const reply = await exchange({ method: 'GET', url: urlOf(key), headers, timeout, ...waiting });
    if ('kind' in reply) return { kind: 'failed', failure: reply };
    switch (reply.status) {
      case 200:
        // Old relays answer a condition that is not met with 200 and an empty body.
        if (reply.body.length === 0 && condition !== undefined) return await get(key, undefined, waiting);
        return payloadOutcome(key, reply.body);
      case 304:
        return condition === undefined
          ? malformed('status 304 to a request without a condition')
          : { kind: 'not-modified' };
      case 404:
        return { kind: 'absent', invalidSeq: invalidSeqOf(reply.headers) };
      default:
        return { kind: 'failed', failure: { kind: 'refused', status: reply.status } };
    }
  }

  return {
    label: `${url.host}${url.pathname.replace(/\/$/, '')}`,
    get: (key, { newerThan, ...waiting }) => get(key, conditionOf(newerThan), waiting),
    async put(packet, { replaces, ...waiting }) {
      const condition = conditionOf(replaces);
      const reply = await exchange({
        method: 'PUT',
        url: urlOf(packet.key),
        headers: {
          'content-type': 'application/pkarr.org/relays#payload',
          ...(condition === undefined ? {} : { 'if-unmodified-since': condition }),
        },
        body: packet.toRelayPayload(),
        timeout: options.putTimeout ?? PUT_TIMEOUT,
        ...waiting,
      });
      return 'kind' in reply ? { kind: 'failed', failure: reply } : putOutcome(reply);
    },
    limitedFor: () => (pause.failureLeft() > 0 ? 0 : queue.delay),
    resetFailures: () => pause.resetFailures(),
    close: () => http.close(),
  };
}

/** For people, as a clause whose subject is the relay. */
export function relayFailureToText(failure: RelayFailure): string {
  switch (failure.kind) {
    case 'paused':
      return `not asked for another ${Math.ceil(failure.forMs / 1000)} s, after a failure or rate limit`;
    case 'limited':
      return `rate limit exceeded (429); try again in ${Math.ceil(failure.forMs / 1000)} s`;
    case 'unreachable':
    case 'timeout':
    case 'malformed':
      return failure.reason;
    case 'server-error':
    case 'refused':
      return `answered with status ${failure.status}`;
  }
}

function conditionOf(timestamp: Timestamp | undefined): string | undefined {
  return timestamp === undefined ? undefined : httpDate(timestamp);
}

function payloadOutcome(key: PublicKey, payload: Uint8Array): RelayGetOutcome {
  if (payload.length < MIN_PAYLOAD) return malformed(`a response of ${payload.length} bytes`);
  const verdict = SignedPacket.fromRelayPayload(key, payload);
  if (verdict.ok) return { kind: 'packet', packet: verdict.packet };
  // Only with this reason does the signature hold; otherwise anybody could have made up the number.
  const isSigned = verdict.reason === 'bad-dns-message';
  const seq = isSigned ? Buffer.from(payload).readBigUInt64BE(64) : undefined;
  return { kind: 'unusable', reason: verdict.reason, seq };
}

function putOutcome({ status, headers }: HttpReply): RelayPutOutcome {
  if (status >= 200 && status < 300) {
    const nodes = headers['pkarr-dht-stored-nodes'];
    // A relay before version 7 does not count nodes; that it accepted the packet counts as one.
    if (nodes === undefined) return { kind: 'stored', nodes: 1 };
    if (typeof nodes === 'string' && /^\d{1,6}$/.test(nodes)) return { kind: 'stored', nodes: Number(nodes) };
    return malformed('its count of nodes is not a number');
  }
  switch (status) {
    case 409:
      return { kind: 'conflict', reason: 'newer-known' };
    case 412:
      return { kind: 'conflict', reason: 'changed' };
    case 428:
      return { kind: 'conflict', reason: 'must-say' };
    case 400:
    case 413:
      return { kind: 'rejected', status };
    default:
      return { kind: 'failed', failure: { kind: 'refused', status } };
  }
}

function invalidSeqOf(headers: IncomingHttpHeaders): bigint | undefined {
  const text = headers['pkarr-invalid-signed-packet-seq'];
  if (typeof text !== 'string' || !/^\d{1,19}$/.test(text)) return undefined;
  const seq = BigInt(text);
  return seq <= MAX_TIMESTAMP ? seq : undefined;
}

function malformed(reason: string): { readonly kind: 'failed'; readonly failure: RelayFailure } {
  return { kind: 'failed', failure: { kind: 'malformed', reason } };
}
