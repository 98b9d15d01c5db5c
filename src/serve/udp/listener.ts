import type { ListenAddress } from '../../config/listen-address.ts';
import { Protocol } from '../../dns/protocol.ts';
import type { DatagramSocket } from '../../system/datagram-socket.ts';
import { openDatagrams } from '../../system/open-datagrams.ts';
import { ListenError } from '../listen-error.ts';
import type { Responder } from '../responder.ts';
import { Backlog, type BeginQuery } from './backlog.ts';

/**
 * Octets of the kernel's receive buffer: with the default of 208 kB, a stall of 20 ms loses most of a thousand queries.
 */
const RECEIVE_BUFFER = 4 * 1024 * 1024;

/** Counts since the start. */
export interface UdpStatistics {
  /** Datagrams that were ignored. */
  readonly ignored: number;
  /** Replies that could not be sent. */
  readonly sendErrors: number;
}

/** Answers datagrams on one address. */
export class UdpListener {
  readonly #responder: Responder;
  readonly #backlog: Backlog;
  /** The socket is another's too: a service manager's, or that of other workers. */
  readonly #isShared: boolean;
  #socket: DatagramSocket | undefined;
  #ignored = 0;

  private constructor(responder: Responder, isShared: boolean) {
    this.#responder = responder;
    this.#backlog = new Backlog({ begin: this.#begin, dropped: () => responder.countDropped(Protocol.UDP) });
    this.#isShared = isShared;
  }

  /**
   * Binds to `address`, port 0 means any, or takes `descriptor`, which is bound to it.
   * @throws ListenError when the address is not available.
   */
  static async open(address: ListenAddress, responder: Responder, descriptor?: number): Promise<UdpListener> {
    const listener = new UdpListener(responder, descriptor !== undefined);
    const { host, port } = address;
    try {
      listener.#socket = await openDatagrams({
        host,
        port,
        descriptor,
        receiveBuffer: RECEIVE_BUFFER,
        onDatagram: listener.#take,
      });
    } catch (cause) {
      throw cause instanceof Error ? new ListenError('udp', address, cause) : cause;
    }
    return listener;
  }

  /** The actual port. */
  get port(): number {
    return this.#socket?.port ?? 0;
  }

  /** Counters. */
  statistics(): UdpStatistics {
    return { ignored: this.#ignored, sendErrors: this.#socket?.sendErrors ?? 0 };
  }

  /** See `Opened`. */
  async leave(): Promise<void> {
    if (this.#isShared) await this.#socket?.stopReading();
    this.#backlog.finish();
  }

  /** Closes the socket. */
  async stop(): Promise<void> {
    await this.#socket?.close();
  }

  readonly #take = (octets: Buffer, client: string, port: number, socket: DatagramSocket): void => {
    // Nothing can be sent to port 0; such datagrams are forged.
    if (port === 0) {
      this.#ignored++;
      return;
    }
    const ready = this.#responder.answerNow(octets, client);
    if (ready !== undefined) socket.send(ready, port, client);
    else this.#backlog.take(octets, client, port, socket);
  };

  readonly #begin: BeginQuery = (octets, client, port, socket) => {
    const path = { client, protocol: Protocol.UDP };
    const answered = this.#responder.respond(octets, path, (reply) => socket.send(reply, port, client));
    if (!answered) this.#ignored++;
  };
}
