import type { Clock } from '../../async/clock.ts';
import type { Random } from '../random.ts';
import type { WrongReply } from '../reply-match.ts';
import { QUERY_BLOCK_LENGTH } from '../request.ts';
import { StreamTransport } from '../stream/transport.ts';
import type { TlsAuthorities } from './authorities.ts';
import { TlsClient, type TlsServer } from './client.ts';

/**
 * How long a connection without queries is kept, in ms. RFC 7858 §3.4 wants the cost of TLS shared by many queries:
 * "clients and servers SHOULD NOT immediately close a connection after each response".
 */
const TLS_IDLE_MS = 30_000;

/** What every transport of a forwarder shares. */
export interface TlsTransportMeans {
  readonly clock: Clock;
  readonly random: Random;
  readonly authorities: TlsAuthorities;
}

/** DNS over TLS (RFC 7858): the stream of TCP inside TLS, padded, to a server that proved who it is. */
export function tlsTransport(
  server: TlsServer,
  { clock, random, authorities }: TlsTransportMeans,
): (wrong: (kind: WrongReply) => void) => StreamTransport {
  const client = new TlsClient(server, authorities);
  return (wrong) =>
    new StreamTransport({
      connect: () => client.connect(),
      forget: () => client.forget(),
      readyEvent: 'secureConnect',
      padTo: QUERY_BLOCK_LENGTH,
      idleMs: TLS_IDLE_MS,
      clock,
      random,
      wrong,
    });
}
