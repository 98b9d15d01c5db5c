import { addressOctets, addressToText } from '../../ip/address.ts';

/** A socket that this process was given, bound to an address; a TCP socket listens. */
export interface BoundSocket {
  readonly descriptor: number;
  readonly protocol: 'udp' | 'tcp';
  /** A numeric address. One that is not link-local has no zone. */
  readonly host: string;
  readonly port: number;
}

/** Sockets that this process was given, by where they are bound. */
export class BoundSockets {
  readonly #descriptors = new Map<string, number>();

  /** Of several for the same address the first counts. */
  constructor(sockets: readonly BoundSocket[]) {
    for (const { descriptor, protocol, host, port } of sockets) {
      const key = keyOf(protocol, host, port);
      if (!this.#descriptors.has(key)) this.#descriptors.set(key, descriptor);
    }
  }

  /** True when there are none: then every listener is bound by ourselves. */
  get isEmpty(): boolean {
    return this.#descriptors.size === 0;
  }

  /** The descriptor that is bound to exactly this address, in whatever spelling; a wildcard is an address of its own here. */
  find(protocol: BoundSocket['protocol'], host: string, port: number): number | undefined {
    return this.#descriptors.get(keyOf(protocol, host, port));
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
