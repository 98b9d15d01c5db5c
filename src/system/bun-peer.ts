import { BUN_IPV6_ONLY, type BunApi, type BunUdpSocket } from './bun-api.ts';
import { MAX_BIND_TRIES, type OpenPeer, type PeerOptions, type PeerSocket } from './peer-socket.ts';

/**
 * Opens a socket on Bun. Its `node:dgram` binds a turn later than Node's, so that what is to be sent would have no
 * connection yet; Bun's own call binds and connects in one.
 */
export function openBunPeer(bun: BunApi): OpenPeer {
  return (options) => new BunPeer(bun, options);
}

class BunPeer implements PeerSocket {
  readonly #options: PeerOptions;
  #socket: BunUdpSocket | undefined;
  #isOpen = true;

  constructor(bun: BunApi, options: PeerOptions) {
    this.#options = options;
    this.#open(bun).catch((error: unknown) => this.#fail(error));
  }

  close(): void {
    this.#isOpen = false;
    this.#socket?.close();
  }

  async #open(bun: BunApi): Promise<void> {
    const { datagram, onDatagram } = this.#options;
    const socket = await this.#bind(bun, (octets) => {
      if (this.#isOpen) onDatagram(octets);
    });
    if (!this.#isOpen) {
      socket.close();
      return;
    }
    this.#socket = socket;
    // When there is no room the datagram is lost, as on the way; whoever waits for its answer has a time limit.
    socket.send(datagram);
  }

  async #bind(bun: BunApi, onDatagram: (octets: Buffer) => void): Promise<BunUdpSocket> {
    const { host, port, nextLocalPort } = this.#options;
    const isIPv6 = host.includes(':');
    for (let tries = 1; ; tries++) {
      try {
        return await bun.udpSocket({
          hostname: isIPv6 ? '::' : '0.0.0.0',
          port: nextLocalPort(),
          flags: isIPv6 ? BUN_IPV6_ONLY : 0,
          connect: { hostname: host, port },
          socket: {
            data: (_, octets) => onDatagram(octets),
            error: (error) => this.#fail(error),
          },
        });
      } catch (error) {
        if (tries >= MAX_BIND_TRIES || !isTaken(error)) throw error;
      }
    }
  }

  #fail(error: unknown): void {
    if (this.#isOpen) this.#options.onError(error);
  }
}

/** Another local port may be free. */
function isTaken(error: unknown): boolean {
  return (
    error instanceof Error && 'code' in error && (error.code === 'EADDRINUSE' || error.code === 'EACCES')
  );
}
