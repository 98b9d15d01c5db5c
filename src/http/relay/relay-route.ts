import { TokenBuckets } from '../../async/token-bucket.ts';
import { LookupError } from '../../gateway/lookups.ts';
import { classifyLabel, type PublicKey, refusalToText } from '../../pkarr/public-key.ts';
import { clientKey } from '../../serve/rate-limit.ts';
import type { RelayCalls } from '../calls/relay-calls.ts';
import type { RemoteCalls } from '../calls/remote-calls.ts';
import { limits } from '../limits.ts';
import { type Reply, respond } from '../routing/respond.ts';
import type { Exchange, Method, Route } from '../routing/route.ts';
import { answerGet } from './answer-get.ts';
import { answerPut } from './answer-put.ts';
import { limited } from './limited.ts';
import { judgeOrigin, preflightHeaders } from './origin.ts';

/** What the relay depends on. */
export interface RelayParts {
  readonly calls: Pick<RemoteCalls<RelayCalls>, 'ask'>;
  /** Origins whose pages may use it: `https://app.example`, or `*` for all. */
  readonly origins: () => readonly string[];
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
}

/**
 * A key is at the root, as pkarr-relay has it, and below `/pkarr`, as iroh and did:dht write it. 52 characters are meant as a key;
 * pkarr-relay takes `pk:KEY` too.
 */
const PATH = /^\/(?:pkarr\/)?(?:pk:)?([A-Za-z0-9]{52})$/;

const methods: readonly Method[] = ['GET', 'HEAD', 'PUT', 'OPTIONS'];

/** An IPv6 client has a /64 at least (RFC 6177 §2 has sites have more, which are several clients here). */
const CLIENT_OCTETS = 8;

/** A Pkarr relay: signed packets over HTTP, from the store and the DHT of this program, for programs that have none. */
export function relayRoute(parts: RelayParts): Route {
  const { perSecond, burst, clients } = limits.relayRequests;
  const requests = new TokenBuckets({ perSecond, burst }, clients);
  return {
    path: (path) => PATH.test(path),
    methods,
    access: { elsewhere: 'judged-here', clients: 'everybody' },
    service: 'relay',
    async handle(exchange) {
      const { request, response, client } = exchange;
      const verdict = judgeOrigin(request.headers, parts.origins());
      if (verdict.kind === 'refused') {
        respond(response, { status: 403, body: verdict.reason, headers: { vary: 'origin' } });
        return;
      }
      const key = clientKey(client, CLIENT_OCTETS);
      const isLimited = key !== undefined && !requests.take(key, parts.now());
      const reply = isLimited ? limited : await answer(exchange, parts);
      // RFC 9110 §12.5.5: who is asked from decides what is answered.
      respond(response, { ...reply, headers: { vary: 'origin', ...verdict.headers, ...reply.headers } });
    },
  };
}

async function answer(exchange: Exchange, parts: RelayParts): Promise<Reply> {
  const { request, path } = exchange;
  if (request.method === 'OPTIONS')
    return {
      status: 200,
      headers: { allow: methods.join(', '), ...preflightHeaders(request.headers) },
      body: '',
    };
  const key = keyIn(path);
  if (typeof key === 'string') return { status: 400, body: `${key}\n` };
  try {
    return request.method === 'PUT'
      ? await answerPut(exchange, key, parts.calls)
      : await answerGet(exchange, key, parts.calls);
  } catch (error) {
    if (!(error instanceof LookupError)) throw error;
    return { status: error.kind === 'internal' ? 500 : 503, body: `${error.message}\n` };
  }
}

/** The key in a path, or a sentence that says why there is none. One spelling alone is a key: caches know no other. */
function keyIn(path: string): PublicKey | string {
  const [, text = ''] = PATH.exec(path) ?? [];
  const label = classifyLabel(text);
  if (label.kind === 'refused') return `${text} is not a public key: ${refusalToText(label.reason)}.`;
  if (label.kind === 'not-a-key' || label.key.text !== text)
    return `${text} is not a public key: 52 characters of z-base32 in lower case.`;
  return label.key;
}
