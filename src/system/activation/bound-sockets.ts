import { addressOctets, addressToText } from '../../ip/address.ts';
import type { SocketPurpose } from './socket-purpose.ts';

/** A socket that this process was given, bound to an address; a TCP socket listens. */
export interface BoundSocket {
  readonly descriptor: number;
  readonly protocol: 'udp' | 'tcp';
  /** A numeric address. One that is not link-local has no zone. */
  readonly host: string;
  readonly port: number;
  /** What clients speak there, where it is known. */
  readonly purpose?: SocketPurpose;
}

/** Sockets that this process was given, by where they are bound. */
export class BoundSockets {
  readonly #sockets = new Map<string, BoundSocket>();

  /** Of several for the same address the first counts. */
  constructor(sockets: readonly BoundSocket[]) {
    for (const socket of sockets) {
      const key = keyOf(socket.protocol, socket.host, socket.port);
      if (!this.#sockets.has(key)) this.#sockets.set(key, socket);
    }
  }

  /** True when there are none: then every listener is bound by ourselves. */
  get isEmpty(): boolean {
    return this.#sockets.size === 0;
  }

  /** Those at which clients speak this. */
  of(wanted: SocketPurpose): readonly BoundSocket[] {
    return [...this.#sockets.values()].filter(({ purpose }) => purpose === wanted);
  }

  /** The descriptor that is bound to exactly this address, in whatever spelling; a wildcard is an address of its own here. */
  find(protocol: BoundSocket['protocol'], host: string, port: number): number | undefined {
    return this.#sockets.get(keyOf(protocol, host, port))?.descriptor;
  }

  /** Whether there is a socket for an address, of either protocol. */
  has(host: string, port: number): boolean {
    return this.find('udp', host, port) !== undefined || this.find('tcp', host, port) !== undefined;
  }
}

/** For a process that was given none. */
export const noBoundSockets = new BoundSockets([]);

/** The kernel's tables have no zone, so link-local addresses are compared without it. */
function keyOf(protocol: string, host: string, port: number): string {
  const octets = addressOctets(host);
  return `${protocol} ${octets === undefined ? host : addressToText(octets)} ${port}`;
}
