import { TokenBuckets } from '../../async/token-bucket.ts';
import { LookupError } from '../../gateway/lookups.ts';
import { classifyLabel, type PublicKey, refusalToText } from '../../pkarr/public-key.ts';
import { clientKey } from '../../serve/clients/rate-limit.ts';
import { limits } from '../limits.ts';
import { failureReply } from '../routing/lookup-failure.ts';
import { type Reply, respond } from '../routing/respond.ts';
import type { Access, Exchange, Method, Route } from '../routing/route.ts';
import { answerGet } from './answer-get.ts';
import { answerPut } from './answer-put.ts';
import { judgeOrigin, preflightHeaders } from './origin.ts';
import { limited } from './refusals.ts';
import type { RelayParts } from './relay-parts.ts';

/**
 * A key is at the root, as pkarr-relay has it, and below `/pkarr`, as iroh and did:dht write it; pkarr-relay takes `pk:KEY` too.
 * Whatever else is there is no key.
 */
const PATH = /^\/(?:pkarr\/)?(?:pk:)?([^/]+)$/;

/** Characters of what is no key that are repeated. */
const SHOWN = 60;

const methods: readonly Method[] = ['GET', 'HEAD', 'PUT', 'OPTIONS'];
const access: Access = { elsewhere: 'judged-here', clients: 'everybody' };

/**
 * A Pkarr relay: signed packets over HTTP, from the store and the DHT of this program, for programs that have none. To be the last
 * routes: they have every path that no other has.
 */
export function relayRoutes(parts: RelayParts): readonly Route[] {
  return [keys(parts), nothing(parts)];
}

function keys(parts: RelayParts): Route {
  const { perSecond, burst, clients } = limits.relayRequests;
  const requests = new TokenBuckets({ perSecond, burst }, clients);
  return {
    path: (path) => PATH.test(path),
    methods: 'judged-here',
    access,
    service: 'relay',
    async handle(exchange) {
      const { request, response, client } = exchange;
      const verdict = judgeOrigin(request.headers, parts.origins());
      if (verdict.kind === 'refused') {
        respond(response, { status: 403, body: verdict.reason, headers: { vary: 'origin' } });
        return;
      }
      const key = clientKey(client, limits.clientOctets);
      const isLimited = key !== undefined && !requests.take(key, parts.now());
      const reply = isLimited ? limited : await answer(exchange, parts);
      // RFC 9110 §12.5.5: who is asked from decides what is answered.
      respond(response, { ...reply, headers: { vary: 'origin', ...verdict.headers, ...reply.headers } });
    },
  };
}

/** What is nowhere: 404, which a page that may use the relay can read, as with pkarr-relay. */
function nothing({ origins }: RelayParts): Route {
  return {
    path: () => true,
    methods: 'judged-here',
    access,
    handle({ request, response }) {
      const verdict = judgeOrigin(request.headers, origins());
      const headers = verdict.kind === 'taken' ? verdict.headers : {};
      respond(response, { status: 404, headers: { vary: 'origin', ...headers } });
    },
  };
}

async function answer(exchange: Exchange, parts: RelayParts): Promise<Reply> {
  const { request, path } = exchange;
  if (!methods.some((one) => one === request.method))
    return { status: 405, headers: { allow: methods.join(', ') } };
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
      ? await answerPut(exchange, key, parts)
      : await answerGet(exchange, key, parts);
  } catch (error) {
    if (!(error instanceof LookupError)) throw error;
    return { ...failureReply(error.kind), body: `${error.message}\n` };
  }
}

/** The key in a path, or a sentence that says why there is none. One spelling alone is a key: caches know no other. */
function keyIn(path: string): PublicKey | string {
  const [, text = ''] = PATH.exec(path) ?? [];
  const label = classifyLabel(text);
  const shown = text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
  if (label.kind === 'refused') return `${shown} is not a public key: ${refusalToText(label.reason)}.`;
  if (label.kind === 'not-a-key' || label.key.text !== text)
    return `${shown} is not a public key: 52 characters of z-base32 in lower case.`;
  return label.key;
}
