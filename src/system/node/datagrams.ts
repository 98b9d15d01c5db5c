import type { RemoteInfo, SocketOptions } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { UDPServer } from 'dns2';
import type { DatagramOptions, DatagramSocket, OpenDatagrams } from '../datagram-socket.ts';
import { isWorker } from '../worker-role.ts';
import { stopReceiving } from './stop-receiving.ts';

/** Opens a socket on Node: each datagram is sent at once, because Node cannot send several with one call. */
export const openNodeDatagrams: OpenDatagrams = async (options) => {
  const server = new NodeDatagrams(options);
  await server.bound;
  return server.socket;
};

/** The server of the package is used for its socket; its codec never runs. */
class NodeDatagrams extends UDPServer {
  readonly bound: Promise<void>;
  readonly socket: DatagramSocket;
  readonly #onDatagram: DatagramOptions['onDatagram'];
  #sendErrors = 0;

  constructor({ host, port, descriptor, receiveBuffer, onDatagram }: DatagramOptions) {
    const family = isIPv6(host) ? 6 : 4;
    const options: SocketOptions = {
      type: `udp${family}`,
      ipv6Only: family === 6,
      ...(descriptor === undefined && { recvBufferSize: receiveBuffer }),
      // The addresses that we send to come from datagrams: nothing is to be looked up, and nothing waits for a turn
      // of the event loop.
      lookup: (name, _, callback) => callback(null, name, family),
    };
    // The package hands `type` to `dgram.createSocket` as it is, and that takes these options.
    super({ type: options as unknown as 'udp4' });
    this.#onDatagram = onDatagram;
    this.socket = this.#asSocket();
    // The package's own `listen` never settles when the address is taken.
    this.bound = new Promise<void>((resolve, reject) => {
      this.once('error', reject);
      const place =
        descriptor === undefined
          ? { address: host, port, exclusive: !isWorker }
          : { fd: descriptor, exclusive: true };
      this.bind(place, () => {
        this.removeAllListeners('error');
        // From here on an error is one datagram that could not be sent, for example to an address without a route.
        this.on('error', () => {
          this.#sendErrors++;
        });
        resolve();
      });
    });
  }

  /** Handles a raw datagram, instead of the package's decoding. */
  override handle(octets: Buffer, from: RemoteInfo): void {
    this.#onDatagram(octets, from.address, from.port, this.socket);
  }

  #asSocket(): DatagramSocket {
    const port = () => this.address().port;
    const sendErrors = () => this.#sendErrors;
    let isOpen = true;
    return {
      get port() {
        return port();
      },
      get sendErrors() {
        return sendErrors();
      },
      send: (octets, toPort, to) => {
        // `dgram` throws for these.
        if (toPort === 0 || !isOpen) this.#sendErrors++;
        else this.send(octets, toPort, to);
      },
      stopReading: async () => stopReceiving(this),
      close: () => {
        isOpen = false;
        return new Promise<void>((resolve) => this.close(() => resolve()));
      },
    };
  }
}
