import { createSocket, type Socket, type SocketType } from 'node:dgram';
import {
  MAX_BIND_TRIES,
  type OpenPeer,
  type PeerListener,
  type PeerOptions,
  type PeerSocket,
} from '../peer-socket.ts';

/** Opens a socket on Node. With a synchronous lookup, all of it happens before this returns. */
export const openNodePeer: OpenPeer = (options) => new NodePeer(options);

class NodePeer implements PeerSocket {
  readonly #socket: Socket;
  #listener: PeerListener | undefined;
  #failure: unknown;
  #isSpoilt = false;
  #isOpen = true;
  /** For every question: without a callback, dgram hides an ICMP error that the system tells when something is sent. */
  readonly #sent = (error: Error | null): void => {
    if (error === null) return;
    this.#failure = error;
    this.#fail(error);
  };

  constructor({ host, port, nextLocalPort }: PeerOptions) {
    this.#socket = createSocket(isIPv6Address(host) ? udp6 : udp4);
    this.#socket.on('error', (error) => {
      this.#failure = error;
      this.#fail(error);
    });
    this.#socket.on('message', (octets) => {
      // Nothing was asked yet: somebody guesses ports, and has found this one.
      if (this.#listener === undefined) this.#isSpoilt = true;
      else if (this.#isOpen) this.#listener.received(octets);
    });
    for (let tries = 0; tries < MAX_BIND_TRIES; tries++) {
      this.#failure = undefined;
      this.#socket.bind({ port: nextLocalPort(), exclusive: true });
      if (this.#failure === undefined) break;
    }
    if (this.#failure === undefined) this.#socket.connect(port, host);
  }

  get isGood(): boolean {
    return !this.#isSpoilt && this.#failure === undefined;
  }

  send(datagram: Uint8Array, listener: PeerListener): void {
    this.#listener = listener;
    if (this.#failure !== undefined) {
      process.nextTick(() => this.#fail(this.#failure));
      return;
    }
    try {
      this.#socket.send(datagram, this.#sent);
    } catch (error) {
      // Not connected: the reason arrives as 'error' on the next tick, before this does.
      process.nextTick(() => this.#fail(error));
    }
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#socket.close();
  }

  #fail(error: unknown): void {
    if (this.#isOpen) this.#listener?.failed(error);
  }
}

/** Addresses are numeric already; dgram's own look-up would ask the system's resolver, which may be us. */
function numericLookup(
  hostname: string,
  _options: unknown,
  callback: (error: null, address: string, family: number) => void,
): void {
  callback(null, hostname, isIPv6Address(hostname) ? 6 : 4);
}

/** Whether a numeric address is an IPv6 address. */
function isIPv6Address(address: string): boolean {
  return address.includes(':');
}

const udp4: { type: SocketType; lookup: typeof numericLookup } = { type: 'udp4', lookup: numericLookup };
const udp6: { type: SocketType; lookup: typeof numericLookup; ipv6Only: boolean } = {
  type: 'udp6',
  lookup: numericLookup,
  ipv6Only: true,
};
