import { connect, isIPv6, type Socket } from 'node:net';
import type { Clock } from '../../async/clock.ts';
import { withInterfaceName } from '../../system/interfaces.ts';
import { ConnectionPool } from '../connection/pool.ts';
import { readWholeReply } from '../connection/whole-reply.ts';
import type { Random } from '../random.ts';
import type { SocketBudget } from '../socket-budget.ts';
import type { Transport, TransportSetup } from '../transport.ts';
import { StreamConnection } from './connection.ts';

/** How long a TCP connection without queries is kept, in ms (RFC 7766 §6.2.3 asks clients to close idle ones). */
const TCP_IDLE_MS = 10_000;

/** The dependencies of stream transports. */
export interface StreamParts {
  readonly budget: SocketBudget;
  readonly clock: Clock;
  readonly random: Random;
}

/** What differs between TCP and TLS. */
export interface StreamKind {
  readonly protocol: 'TCP' | 'TLS';
  /** Starts connecting: `net.connect` or `tls.connect` to a numeric address. */
  readonly connect: () => Socket;
  /** How long a connection without queries is kept, in ms. */
  readonly idleMs: number;
  /** See `ConnectionPoolOptions`. */
  readonly padTo?: number;
  readonly forget?: () => void;
}

/** Messages with a length prefix (RFC 1035 §4.2.2) over TCP or TLS. */
export function streamTransport(
  { connect: begin, idleMs, ...kind }: StreamKind,
  { clock, random, budget }: StreamParts,
  { label, countWrong }: TransportSetup,
): Transport {
  const readyEvent = kind.protocol === 'TLS' ? 'secureConnect' : 'connect';
  return new ConnectionPool<Uint8Array>({
    ...kind,
    ...{ clock, budget },
    open: (listener) =>
      new StreamConnection({ socket: begin(), readyEvent, idleMs, clock, random, countWrong, listener }),
    read: (bytes, { request }) => readWholeReply(bytes, request, label),
    // The connection has compared them.
    octetsOf: (bytes) => bytes,
  });
}

/** DNS over TCP (RFC 7766) to a numeric address. */
export function tcpTransport(
  address: string,
  port: number,
  parts: StreamParts,
  setup: TransportSetup,
): Transport {
  // A numeric host needs no lookup.
  const options = { port, family: isIPv6(address) ? 6 : 4, noDelay: true };
  return streamTransport(
    {
      protocol: 'TCP',
      connect: () => connect({ ...options, host: withInterfaceName(address) }),
      idleMs: TCP_IDLE_MS,
    },
    parts,
    setup,
  );
}
