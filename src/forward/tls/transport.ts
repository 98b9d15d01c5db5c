import { QUERY_BLOCK_LENGTH } from '../request.ts';
import { type StreamParts, streamTransport } from '../stream/transport.ts';
import type { Transport, TransportSetup } from '../transport.ts';
import type { TlsAuthorities } from './authorities.ts';
import { TlsClient, type TlsServer } from './client.ts';

/**
 * How long a connection is kept without pending queries, in ms. RFC 7858 §3.4 wants the cost of TLS shared by many queries:
 * "clients and servers SHOULD NOT immediately close a connection after each response".
 */
const TLS_IDLE_MS = 30_000;

/** DNS over TLS (RFC 7858) with padded queries, to an authenticated server. */
export function tlsTransport(
  server: TlsServer,
  parts: StreamParts & { readonly authorities: TlsAuthorities },
  setup: TransportSetup,
): Transport {
  const client = new TlsClient(server, parts.authorities);
  return streamTransport(
    {
      protocol: 'TLS',
      connect: () => client.connect(),
      forget: () => client.forget(),
      padTo: QUERY_BLOCK_LENGTH,
      idleMs: TLS_IDLE_MS,
    },
    parts,
    setup,
  );
}
