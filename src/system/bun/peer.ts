import { throwLater } from '../../async/throw-later.ts';
import {
  MAX_BIND_TRIES,
  type OpenPeer,
  type PeerListener,
  type PeerOptions,
  type PeerSocket,
} from '../peer-socket.ts';
import { BUN_IPV6_ONLY, type BunApi, type BunUdpSocket } from './api.ts';

/**
 * Opens a socket on Bun. Its `node:dgram` binds one turn later than Node's, when the question should already have been
 * sent; Bun's own call binds and connects at once.
 */
export function openBunPeer(bun: BunApi): OpenPeer {
  return (options) => new BunPeer(bun, options);
}

class BunPeer implements PeerSocket {
  readonly #options: PeerOptions;
  #socket: BunUdpSocket | undefined;
  /** Questions until the socket is there. */
  #waiting: Uint8Array[] = [];
  #listener: PeerListener | undefined;
  #failure: unknown;
  #isSpoilt = false;
  #isOpen = true;

  constructor(bun: BunApi, options: PeerOptions) {
    this.#options = options;
    this.#open(bun).catch((error: unknown) => this.#fail(error));
  }

  get isGood(): boolean {
    return !this.#isSpoilt && this.#failure === undefined;
  }

  send(datagram: Uint8Array, listener: PeerListener): void {
    this.#listener = listener;
    if (this.#failure !== undefined) process.nextTick(() => this.#fail(this.#failure));
    else if (this.#socket !== undefined) this.#sendOn(this.#socket, datagram);
    else this.#waiting.push(datagram);
  }

  close(): void {
    this.#isOpen = false;
    this.#socket?.close();
  }

  async #open(bun: BunApi): Promise<void> {
    const socket = await this.#bind(bun);
    if (!this.#isOpen) {
      socket.close();
      return;
    }
    this.#socket = socket;
    for (const question of this.#waiting.splice(0)) this.#sendOn(socket, question);
  }

  #sendOn(socket: BunUdpSocket, datagram: Uint8Array): void {
    try {
      // If the buffer is full, the datagram is lost, as it could be on the network; the question has a timeout.
      socket.send(datagram);
    } catch (error) {
      process.nextTick(() => this.#fail(error));
    }
  }

  #receive(octets: Buffer): void {
    // Nothing was asked yet: somebody guesses ports, and has found this one.
    if (this.#listener === undefined) this.#isSpoilt = true;
    else if (this.#isOpen) this.#listener.received(octets);
  }

  async #bind(bun: BunApi): Promise<BunUdpSocket> {
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
            data: (_, octets) => {
              try {
                this.#receive(octets);
              } catch (error) {
                throwLater(error); // Bun would hand it to `error`, as if the system had failed
              }
            },
            error: (error) => this.#fail(error),
          },
        });
      } catch (error) {
        if (tries >= MAX_BIND_TRIES || !isTaken(error)) throw error;
      }
    }
  }

  #fail(error: unknown): void {
    this.#failure = error;
    if (this.#isOpen) this.#listener?.failed(error);
  }
}

/** Another local port may be free. */
function isTaken(error: unknown): boolean {
  return (
    error instanceof Error && 'code' in error && (error.code === 'EADDRINUSE' || error.code === 'EACCES')
  );
}
