import type { RemoteInfo, SocketOptions } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { UDPServer } from 'dns2';
import type { ListenAddress } from '../config/listen-address.ts';
import { isWorker } from '../system/worker-process.ts';
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

/** Answers datagrams at one address. The server of the package is used for its socket; its codec never runs. */
export class UdpListener extends UDPServer {
  readonly #responder: Responder;
  #ignored = 0;
  #sendErrors = 0;

  private constructor(address: ListenAddress, responder: Responder) {
    const options: SocketOptions = {
      type: isIPv6(address.host) ? 'udp6' : 'udp4',
      ipv6Only: isIPv6(address.host),
      recvBufferSize: RECEIVE_BUFFER,
      // The addresses that we send to come from datagrams: nothing is to be looked up, and nothing waits for a turn
      // of the event loop.
      lookup: (host, _, callback) => callback(null, host, isIPv6(host) ? 6 : 4),
    };
    // The package hands `type` to `dgram.createSocket` as it is, and that takes these options.
    super({ type: options as unknown as 'udp4' });
    this.#responder = responder;
  }

  /** Binds to `address`; port 0 takes any. @throws ListenError when the address cannot be had. */
  static async open(address: ListenAddress, responder: Responder): Promise<UdpListener> {
    const listener = new UdpListener(address, responder);
    // The package's own `listen` never settles when the address is taken.
    await new Promise<void>((resolve, reject) => {
      listener.once('error', (cause) => reject(new ListenError('udp', address, cause)));
      listener.bind({ address: address.host, port: address.port, exclusive: !isWorker }, resolve);
    });
    listener.removeAllListeners('error');
    // From here on an error is one reply that could not be sent, for example to an address without a route.
    listener.on('error', () => {
      listener.#sendErrors++;
    });
    return listener;
  }

  /** Takes a datagram as it came, in place of the package's decoding. */
  override handle(datagram: Buffer, from: RemoteInfo): void {
    // Port 0 cannot be sent to; such datagrams are forged.
    const answered =
      from.port !== 0 &&
      this.#responder.respond(datagram, { client: from.address, stream: false }, (reply) => {
        this.send(reply, 0, reply.length, from.port, from.address);
      });
    if (!answered) this.#ignored++;
  }

  /** What was done. */
  statistics(): UdpStatistics {
    return { ignored: this.#ignored, sendErrors: this.#sendErrors };
  }

  /** Frees the address. */
  async stop(): Promise<void> {
    await new Promise<void>((resolve) => this.close(() => resolve()));
  }
}
