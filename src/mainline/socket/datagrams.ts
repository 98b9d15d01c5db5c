import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isNodeAddress } from '../addresses.ts';
import type { NodeAddress } from '../dht-node.ts';
import { MainlineError } from '../errors.ts';

/** A bound UDP socket, with what the DHT needs of one. */
export interface Datagrams {
  /** The port it is bound to. */
  readonly port: number;
  /**
   * Sends one datagram to an IPv4 literal. Calls `done` asynchronously, with a system error code if it could not be sent.
   * Without an error the datagram was sent, which does not mean that it arrives.
   */
  send(datagram: Uint8Array, to: NodeAddress, done: (errorCode?: string) => void): void;
  /** Frees the port. */
  close(): Promise<void>;
}

/** Where to bind, and the callbacks. */
export interface DatagramsOptions {
  /** A local IPv4 address; `0.0.0.0` for all. */
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  readonly onDatagram: (datagram: Uint8Array, from: NodeAddress) => void;
  /** The socket reported an error that does not belong to a call. It remains usable. */
  readonly onError: (errorCode: string) => void;
}

/** Opens a socket. Rejects with {@link MainlineError} of kind `bind-failed`. */
export type OpenDatagrams = (options: DatagramsOptions) => Promise<Datagrams>;

/** Requested size of the receive buffer in bytes: a hundred answers of a lookup arrive within milliseconds. */
const RECEIVE_BUFFER_LENGTH = 1 << 20;

/**
 * Maximum number of attempts to send a datagram. An attempt may fail with the error of an earlier datagram, to a node that is
 * gone (Bun sets IP_RECVERR, see ip(7)); then this one has not been sent.
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

/** The DHT has only addresses. If a name came here, it must not be resolved by the system's resolver, which may be pkarrd. */
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
    onError(codeOf(error)); // a smaller buffer only loses answers under load
  }
}

function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return 'UNKNOWN';
}
