import type { Clock } from '../../async/clock.ts';
import { ConnectionPool } from '../connection/pool.ts';
import { readWholeReply } from '../connection/whole-reply.ts';
import { UpstreamFailure } from '../errors.ts';
import { Quirk } from '../quirks/quirk.ts';
import { matchReply } from '../reply-match.ts';
import { QUERY_BLOCK_LENGTH } from '../request.ts';
import type { SocketBudget } from '../socket-budget.ts';
import type { TlsAuthorities } from '../tls/authorities.ts';
import { TlsClient } from '../tls/client.ts';
import type { Transport, TransportSetup } from '../transport.ts';
import { HttpsConnection } from './connection.ts';
import type { HttpsReply } from './reply-head.ts';
import { withAge } from './with-age.ts';

/** A server that is reached over HTTPS. */
export interface HttpsServer {
  /** The numeric address to connect to, whatever `host` is. */
  readonly address: string;
  readonly port: number;
  /** The host name or address that the certificate must be valid for. */
  readonly host: string;
  /** Path of the URL, with its leading slash. */
  readonly path: string;
}

/** The dependencies of HTTPS transports. */
export interface HttpsParts {
  readonly clock: Clock;
  readonly budget: SocketBudget;
  readonly authorities: TlsAuthorities;
}

/** DNS over HTTPS (RFC 8484): requests in one HTTP/2 session. */
export function httpsTransport(
  { address, port, host, path }: HttpsServer,
  { clock, budget, authorities }: HttpsParts,
  { label, countWrong }: TransportSetup,
): Transport {
  const identity = { kind: 'name', name: host } as const;
  const client = new TlsClient({ address, port, host, identity, protocol: 'h2' }, authorities);
  const name = host.includes(':') ? `[${host}]` : host;
  const authority = port === 443 ? name : `${name}:${port}`;
  /**
   * RFC 8484 §4.1: "DoH servers MUST implement both the POST and GET methods". POST keeps names out of server
   * logs. But Knot Resolver refuses a POST that starts before the body of another one is complete, which happens with
   * concurrent requests, so such a server is asked with GET.
   */
  const refusesPost = new Quirk(clock);
  return new ConnectionPool<HttpsReply>({
    protocol: 'HTTPS',
    padTo: QUERY_BLOCK_LENGTH,
    ...{ clock, budget },
    open: (listener) =>
      new HttpsConnection({ socket: client.connect(), authority, path, clock, refusesPost, listener }),
    read: ({ bytes, age }, { message, request }) => {
      // The stream says which query this answers; ID and question are compared nevertheless.
      const match = matchReply(message, request.questionEnd, bytes);
      if (match !== 'match' && match !== 'case') {
        countWrong(match);
        throw new UpstreamFailure('malformed', 'answered another question');
      }
      return withAge(readWholeReply(bytes, request, label), age);
    },
    octetsOf({ bytes, age }, { message, questionEnd }) {
      const match = matchReply(message, questionEnd, bytes);
      return age === 0 && (match === 'match' || match === 'case') ? bytes : undefined;
    },
    quirks: () => (refusesPost.isKnown ? ['refuses concurrent POST requests'] : []),
    forget: () => {
      client.forget();
      refusesPost.clear();
    },
  });
}
