import type { Clock } from '../../async/clock.ts';
import { withInterfaceName } from '../../system/interfaces.ts';
import { openPeer } from '../../system/open-peer.ts';
import type { PeerSocket } from '../../system/peer-socket.ts';
import type { Random } from '../random.ts';
import type { SocketBudget } from '../socket-budget.ts';
import type { Lane, LaneListener, Lanes } from './lane.ts';
import type { SourcePorts } from './source-ports.ts';

/** How long a spare socket is kept open, in ms. */
const SPARE_MS = 1000;

/** The dependencies of query sockets. */
export interface QuerySocketParts {
  readonly ports: SourcePorts;
  readonly budget: SocketBudget;
  readonly clock: Clock;
  readonly random: Random;
}

/** The server that queries are sent to. */
export interface QueryTarget {
  /** A numeric address, with a scope id if it needs one. */
  readonly address: string;
  readonly port: number;
}

/** A socket to `target` on a random port, counted in the budget. @throws UpstreamFailure `no-sockets` */
export function openQuerySocket(
  { address, port }: QueryTarget,
  { ports, budget }: Pick<QuerySocketParts, 'ports' | 'budget'>,
): PeerSocket {
  budget.take();
  return openPeer({ host: withInterfaceName(address), port, nextLocalPort: () => ports.next() });
}

/**
 * The sockets for queries to one upstream, each for one query. Opening and closing a socket takes longer than everything else
 * about a query, so it is done while nobody waits: one spare socket is kept open, for a second at most, because an
 * attacker can find a port that stays open.
 */
export class QuerySockets implements Lanes {
  readonly #target: QueryTarget;
  readonly #parts: QuerySocketParts;
  readonly #used: PeerSocket[] = [];
  #spare: PeerSocket | undefined;
  #stopSpareTimer: () => void = () => {};
  #isTidying = false;
  #isClosed = false;

  constructor(target: QueryTarget, parts: QuerySocketParts) {
    this.#target = target;
    this.#parts = parts;
  }

  /** See `Lanes`. */
  take(): Lane {
    const socket = this.#takeSocket();
    return {
      id: this.#parts.random.u16(),
      send: (query: Uint8Array, listener: LaneListener) => socket.send(query, listener),
      end: () => this.#giveBack(socket),
    };
  }

  #takeSocket(): PeerSocket {
    const spare = this.#spare;
    if (spare === undefined) return this.#open();
    this.#spare = undefined;
    this.#stopSpareTimer();
    if (spare.isGood) return spare;
    this.#close(spare);
    return this.#open();
  }

  /** Takes back a used socket. It is closed after this turn of the event loop, or at once if sockets are scarce. */
  #giveBack(socket: PeerSocket): void {
    if (this.#parts.budget.isTight) {
      this.#close(socket);
      return;
    }
    this.#used.push(socket);
    if (this.#isTidying) return;
    this.#isTidying = true;
    setImmediate(() => this.#tidy());
  }

  /** See `Lanes`. */
  reset(): void {
    this.#stopSpareTimer();
    if (this.#spare !== undefined) this.#close(this.#spare);
    this.#spare = undefined;
  }

  /** See `Lanes`. */
  close(): void {
    this.#isClosed = true;
    this.reset();
  }

  #open(): PeerSocket {
    return openQuerySocket(this.#target, this.#parts);
  }

  #close(socket: PeerSocket): void {
    socket.close();
    this.#parts.budget.give();
  }

  #tidy(): void {
    this.#isTidying = false;
    for (const socket of this.#used.splice(0)) this.#close(socket);
    const { budget, clock } = this.#parts;
    if (this.#isClosed || this.#spare !== undefined || budget.isTight) return;
    this.#spare = this.#open();
    this.#stopSpareTimer = clock.after(SPARE_MS, () => this.reset(), true);
  }
}
