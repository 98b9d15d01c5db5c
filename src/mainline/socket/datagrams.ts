import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isNodeAddress } from '../addresses.ts';
import type { NodeAddress } from '../dht-node.ts';
import { MainlineError } from '../errors.ts';

/** A bound UDP socket, as much of one as the DHT needs. */
export interface Datagrams {
  /** The port it is bound to. */
  readonly port: number;
  /**
   * Sends one datagram to an IPv4 literal. Calls `done` later, never at once; with a system error code when the system
   * refused. Without the call the datagram is on its way, which says nothing about its arrival.
   */
  send(datagram: Uint8Array, to: NodeAddress, done: (errorCode?: string) => void): void;
  /** Frees the port. */
  close(): Promise<void>;
}

/** Where to bind, and who gets what arrives. */
export interface DatagramsOptions {
  /** A local IPv4 address; `0.0.0.0` for all. */
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  readonly onDatagram: (datagram: Uint8Array, from: NodeAddress) => void;
  /** The socket reported an error that belongs to no call. It stays usable. */
  readonly onError: (errorCode: string) => void;
}

/** Opens a socket. Rejects with {@link MainlineError} of kind `bind-failed`. */
export type OpenDatagrams = (options: DatagramsOptions) => Promise<Datagrams>;

/** Receive buffer asked of the system, in bytes: a lookup brings a hundred answers within milliseconds. */
const RECEIVE_BUFFER_LENGTH = 1 << 20;

/**
 * How often a datagram is given to the system until it takes it. A socket may first tell what became of one that was
 * sent before, to a node that has gone (Bun asks for that, IP_RECVERR in ip(7)), and then has not tried this one.
 */
const MAX_SENDS = 3;

/** Opens a real UDP socket, IPv4 only. */
export const openUdp: OpenDatagrams = async (options) => {
  const socket = createSocket({ type: 'udp4', lookup: literalOnly });
  try {
    const listening = once(socket, 'listening'); // before bind: our lookup calls back at once, and so does bind
    socket.bind({ address: options.host, port: options.port, exclusive: true });
    await listening;
  } catch (cause) {
    socket.close();
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new MainlineError('bind-failed', `cannot bind UDP ${options.host}:${options.port}: ${reason}`, {
      cause,
    });
  }
  growReceiveBuffer(socket, options.onError);
  socket.on('error', (error) => options.onError(codeOf(error)));
  socket.on('message', (datagram, from) =>
    options.onDatagram(datagram, { host: from.address, port: from.port }),
  );
  let open = true;
  return {
    port: socket.address().port,
    send(datagram, to, done) {
      if (!open || !isNodeAddress(to)) {
        process.nextTick(done, open ? 'ERR_BAD_ADDRESS' : 'ERR_CLOSED');
        return;
      }
      const attempt = (left: number) => {
        socket.send(datagram, to.port, to.host, (error) => {
          if (error === null) done();
          else if (left > 0 && open) attempt(left - 1);
          else done(codeOf(error));
        });
      };
      attempt(MAX_SENDS - 1);
    },
    async close() {
      if (!open) return;
      open = false;
      const closed = once(socket, 'close');
      socket.close();
      await closed;
    },
  };
};

/** The DHT knows addresses only. Were a name to slip through, the system's resolver, which may be us, must not be asked. */
function literalOnly(
  host: string,
  _options: unknown,
  done: (error: Error | null, address: string, family: number) => void,
): void {
  const literal = isNodeAddress({ host, port: 1 });
  done(literal ? null : new Error(`not an IPv4 literal: ${host}`), host, 4);
}

function growReceiveBuffer(socket: Socket, onError: (errorCode: string) => void): void {
  try {
    socket.setRecvBufferSize(RECEIVE_BUFFER_LENGTH);
  } catch (error) {
    onError(codeOf(error)); // a smaller buffer loses answers under load, nothing more
  }
}

function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return 'UNKNOWN';
}
