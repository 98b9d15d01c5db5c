import { createSocket, type Socket, type SocketType } from 'node:dgram';
import type { Clock } from './clock.ts';
import type { SourcePorts } from './source-ports.ts';

/** Local ports that are tried before the system is taken to have none. */
const MAX_BIND_TRIES = 8;

/** How long a socket is kept ready for the next query, in ms. */
const SPARE_MS = 1000;

/** Where a socket's queries go. */
export interface QueryTarget {
  /** A numeric address, with a scope id if it needs one. */
  readonly address: string;
  readonly port: number;
}

/** What becomes of the query of a socket. */
export interface QueryListener {
  /** A datagram came from the target. */
  received(datagram: Uint8Array): void;
  /** The query cannot be sent, or the system says that nobody is there. Never while `send` runs. */
  failed(error: unknown): void;
}

/**
 * A UDP socket for one query, on a random port, connected: the kernel drops what other addresses and ports send, and
 * an ICMP error ends the wait at once.
 */
export class QuerySocket {
  readonly #socket: Socket;
  #listener: QueryListener | undefined;
  #failure: unknown;
  #isSpoilt = false;

  /** Binds and connects. With a look-up that answers at once all of it happens before this returns. */
  constructor({ address, port }: QueryTarget, ports: SourcePorts) {
    this.#socket = createSocket(isIPv6Address(address) ? udp6 : udp4);
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('message', (datagram) => {
      // Nothing was asked yet: somebody guesses ports, and knows this one.
      if (this.#listener === undefined) this.#isSpoilt = true;
      else this.#listener.received(datagram);
    });
    for (let tries = 0; tries < MAX_BIND_TRIES; tries++) {
      this.#failure = undefined;
      this.#socket.bind({ port: ports.next(), exclusive: true });
      if (this.#failure === undefined) break;
    }
    if (this.#failure === undefined) this.#socket.connect(port, address);
  }

  /** Nothing has happened to it that should not happen before a query. */
  get isGood(): boolean {
    return !this.#isSpoilt && this.#failure === undefined;
  }

  /** Sends the query; once. */
  send(query: Uint8Array, listener: QueryListener): void {
    this.#listener = listener;
    if (this.#failure !== undefined) {
      process.nextTick(() => listener.failed(this.#failure));
      return;
    }
    try {
      this.#socket.send(query, (error) => {
        if (error !== null) listener.failed(error);
      });
    } catch (error) {
      // Not connected: the reason arrives as 'error' on the next tick, before this does.
      process.nextTick(() => listener.failed(error));
    }
  }

  /** Frees the port; nothing is heard from it any more. */
  close(): void {
    this.#listener = deaf;
    this.#socket.close();
  }

  #fail(error: unknown): void {
    this.#failure = error;
    this.#listener?.failed(error);
  }
}

/**
 * Sockets for the queries to one upstream, each for one query. Making one and closing one takes longer than all else
 * that a query needs, so in times of traffic it is done while nobody waits: the next one stands ready, for a second at
 * most, since a port that stays open can be found by whoever wants to forge.
 */
export class QuerySockets {
  readonly #target: QueryTarget;
  readonly #ports: SourcePorts;
  readonly #clock: Clock;
  readonly #used: QuerySocket[] = [];
  #spare: QuerySocket | undefined;
  #stopSpareTimer: () => void = () => {};
  #isTidying = false;
  #isClosed = false;

  constructor(target: QueryTarget, ports: SourcePorts, clock: Clock) {
    this.#target = target;
    this.#ports = ports;
    this.#clock = clock;
  }

  /** A socket that was not used before. */
  take(): QuerySocket {
    const spare = this.#spare;
    if (spare === undefined) return new QuerySocket(this.#target, this.#ports);
    this.#spare = undefined;
    this.#stopSpareTimer();
    if (spare.isGood) return spare;
    spare.close();
    return new QuerySocket(this.#target, this.#ports);
  }

  /** Takes back a socket whose query is over; it is closed when what waits for the reply has been served. */
  giveBack(socket: QuerySocket): void {
    this.#used.push(socket);
    if (this.#isTidying) return;
    this.#isTidying = true;
    setImmediate(() => this.#tidy());
  }

  /** The network is another: what stands ready is bound to an address of the old one. */
  reset(): void {
    this.#stopSpareTimer();
    this.#spare?.close();
    this.#spare = undefined;
  }

  /** No more sockets are kept ready. */
  close(): void {
    this.#isClosed = true;
    this.reset();
  }

  #tidy(): void {
    this.#isTidying = false;
    for (const socket of this.#used.splice(0)) socket.close();
    if (this.#isClosed || this.#spare !== undefined) return;
    this.#spare = new QuerySocket(this.#target, this.#ports);
    this.#stopSpareTimer = this.#clock.after(SPARE_MS, () => this.reset(), true);
  }
}

const deaf: QueryListener = { received: () => {}, failed: () => {} };

/** Addresses are numeric already; dgram's own look-up would ask the system's resolver, which may be us. */
function numericLookup(
  hostname: string,
  _options: unknown,
  callback: (error: null, address: string, family: number) => void,
): void {
  callback(null, hostname, isIPv6Address(hostname) ? 6 : 4);
}

/** Of a text that is a numeric address. */
function isIPv6Address(address: string): boolean {
  return address.includes(':');
}

const udp4: { type: SocketType; lookup: typeof numericLookup } = { type: 'udp4', lookup: numericLookup };
const udp6: { type: SocketType; lookup: typeof numericLookup; ipv6Only: boolean } = {
  type: 'udp6',
  lookup: numericLookup,
  ipv6Only: true,
};
