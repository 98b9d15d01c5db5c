import type { ListenAddress } from '../config/listen-address.ts';
import type { DatagramSocket } from '../system/datagram-socket.ts';
import { openDatagrams } from '../system/open-datagrams.ts';
import { ListenError } from './listen-error.ts';
import type { Responder } from './responder.ts';

/**
 * Octets of queries that may wait in the kernel: after a stall of 20 ms the default of 208 kB has lost most of a
 * thousand.
 */
const RECEIVE_BUFFER = 4 * 1024 * 1024;

/** Counts since the start. */
export interface UdpStatistics {
  /** Datagrams that got no answer because they deserve none. */
  readonly ignored: number;
  /** Replies that the system did not send. */
  readonly sendErrors: number;
}

/** Answers datagrams at one address. */
export class UdpListener {
  readonly #responder: Responder;
  #socket: DatagramSocket | undefined;
  #ignored = 0;

  private constructor(responder: Responder) {
    this.#responder = responder;
  }

  /** Binds to `address`; port 0 takes any. @throws ListenError when the address cannot be had. */
  static async open(address: ListenAddress, responder: Responder): Promise<UdpListener> {
    const listener = new UdpListener(responder);
    const { host, port } = address;
    try {
      listener.#socket = await openDatagrams({
        host,
        port,
        receiveBuffer: RECEIVE_BUFFER,
        onDatagram: listener.#take,
      });
    } catch (cause) {
      throw cause instanceof Error ? new ListenError('udp', address, cause) : cause;
    }
    return listener;
  }

  /** The port that was taken. */
  get port(): number {
    return this.#socket?.port ?? 0;
  }

  /** What was done. */
  statistics(): UdpStatistics {
    return { ignored: this.#ignored, sendErrors: this.#socket?.sendErrors ?? 0 };
  }

  /** Frees the address. */
  async stop(): Promise<void> {
    await this.#socket?.close();
  }

  readonly #take = (octets: Buffer, client: string, port: number, socket: DatagramSocket): void => {
    const send = (reply: Uint8Array) => socket.send(reply, port, client);
    // Port 0 cannot be sent to; such datagrams are forged.
    const answered = port !== 0 && this.#responder.respond(octets, { client, stream: false }, send);
    if (!answered) this.#ignored++;
  };
}
