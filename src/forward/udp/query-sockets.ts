import type { Clock } from '../../async/clock.ts';
import { withInterfaceName } from '../../system/interfaces.ts';
import { openPeer } from '../../system/open-peer.ts';
import type { PeerSocket } from '../../system/peer-socket.ts';
import type { SocketBudget } from '../socket-budget.ts';
import type { SourcePorts } from './source-ports.ts';

/** How long a socket is kept ready for the next query, in ms. */
const SPARE_MS = 1000;

/** What sockets need. */
export interface QuerySocketParts {
  readonly ports: SourcePorts;
  readonly budget: SocketBudget;
  readonly clock: Clock;
}

/** Where queries go. */
export interface QueryTarget {
  /** A numeric address, with a scope id if it needs one. */
  readonly address: string;
  readonly port: number;
}

/**
 * Sockets for the queries to one upstream, each for one query. Making one and closing one takes longer than all else
 * that a query needs, so in times of traffic it is done while nobody waits: the next one stands ready, for a second at
 * most, since a port that stays open can be found by whoever wants to forge.
 */
export class QuerySockets {
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

  /** A socket that was not used before. @throws UpstreamFailure `no-sockets` */
  take(): PeerSocket {
    const spare = this.#spare;
    if (spare === undefined) return this.#open();
    this.#spare = undefined;
    this.#stopSpareTimer();
    if (spare.isGood) return spare;
    this.#close(spare);
    return this.#open();
  }

  /** Takes back a socket whose query is over; it is closed when what waits for the reply has been served, or now. */
  giveBack(socket: PeerSocket): void {
    if (this.#parts.budget.isTight) {
      this.#close(socket);
      return;
    }
    this.#used.push(socket);
    if (this.#isTidying) return;
    this.#isTidying = true;
    setImmediate(() => this.#tidy());
  }

  /** The network is another: what stands ready is bound to an address of the old one. */
  reset(): void {
    this.#stopSpareTimer();
    if (this.#spare !== undefined) this.#close(this.#spare);
    this.#spare = undefined;
  }

  /** No more sockets are kept ready. */
  close(): void {
    this.#isClosed = true;
    this.reset();
  }

  #open(): PeerSocket {
    const { address, port } = this.#target;
    const host = withInterfaceName(address);
    const { ports, budget } = this.#parts;
    budget.take();
    return openPeer({ host, port, nextLocalPort: () => ports.next() });
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
