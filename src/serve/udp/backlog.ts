import type { DatagramSocket } from '../../system/datagram-socket.ts';
import { clientKey } from '../clients/rate-limit.ts';

/** Queries that are begun at once in one turn of the event loop, as long as none wait. */
const AT_ONCE = 16;

/** So many have come before it is looked whether they came in one turn: a turn of its own for each would cost too much. */
const LOOK_AFTER = 8;

/**
 * In a turn in which more come, one is begun for so many that come, and at least `LEAST`: to take one in costs a fifth of what it costs to
 * ask an upstream, so that about half of the processor's time is for either.
 */
const COME_FOR_EACH = 8;
const LEAST = 4;

/** Room for queries that wait. A lone client can have half of it, which is more than waits in the kernel's buffer of 4 MB. */
const ROOM = 16_384;

/** The octets of a query that may wait: those of a name of any length with a few options. Longer ones are rare. */
const MAX_OCTETS = 512;

/** After waiting so long, in ms, a query is dropped: glibc asks again after 5 s, others earlier. */
const MAX_WAIT = 4_000;

/** Queries that are begun together when the program ends: a few milliseconds of work. */
const MOST_AT_THE_END = 256;

/** Begins to answer a query that came in a datagram. */
export type BeginQuery = (octets: Buffer, client: string, port: number, socket: DatagramSocket) => void;

/** What a backlog needs. */
export interface BacklogParts {
  readonly begin: BeginQuery;
  /** Called for each query that is dropped. */
  readonly dropped: () => void;
  /** A monotonic clock, in milliseconds. */
  readonly now?: () => number;
}

/**
 * The queries over UDP that the cache does not answer. Usually each is begun at once. When more come than the processor can ask
 * upstreams for, they wait here and not in the kernel, where those that the cache can answer would wait behind them: of each turn of
 * the event loop half is for taking in, and half for what waits. Clients have their turns one after another, and who asks for most is
 * the first to have queries dropped, the oldest first. A client that gets no reply asks again; one that got SERVFAIL would tell its user.
 */
export class Backlog {
  readonly #parts: BacklogParts;
  readonly #now: () => number;
  /** By client, in the order of their turns; none is empty. */
  readonly #lines = new Map<string, Line>();
  #size = 0;
  /** Queries since the end of a turn was last seen. */
  #came = 0;
  #isScheduled = false;

  constructor(parts: BacklogParts) {
    this.#parts = parts;
    this.#now = parts.now ?? (() => performance.now());
  }

  /** Queries that wait. */
  get size(): number {
    return this.#size;
  }

  /** Begins a query, now or later, or drops it. The octets must not change. */
  take(octets: Buffer, client: string, port: number, socket: DatagramSocket): void {
    this.#came++;
    if (this.#came >= LOOK_AFTER && !this.#isScheduled) this.#schedule();
    if (this.#size === 0 && this.#came <= AT_ONCE) this.#parts.begin(octets, client, port, socket);
    else if (octets.length > MAX_OCTETS) this.#parts.dropped();
    else this.#add({ octets, client, port, socket, since: this.#now() });
  }

  /** Nothing more comes: begins what waits, as far as that takes no time that the end has not, and drops the rest. */
  finish(): void {
    for (let i = 0; i < MOST_AT_THE_END && this.#size > 0; i++) this.#beginNext(Number.NEGATIVE_INFINITY);
    while (this.#size > 0) this.#beginNext(Number.POSITIVE_INFINITY);
  }

  #add(query: WaitingQuery): void {
    const key = lineOf(query);
    let line = this.#lines.get(key);
    if (line === undefined) {
      line = new Line();
      this.#lines.set(key, line);
    }
    // What is too old goes now, two for each that comes: a line that keeps it for later costs the garbage collector more than it is worth.
    for (let i = 0; i < 2 && line.length > 0 && line.since < query.since - MAX_WAIT; i++) {
      line.take();
      this.#size--;
      this.#parts.dropped();
    }
    // A line may be as long as what is free for others: n long ones leave an (n + 1)th of the room.
    const free = ROOM - this.#size;
    if (line.length < free) this.#size++;
    else {
      this.#parts.dropped();
      if (line.length === 0) {
        this.#lines.delete(key);
        return;
      }
      line.take();
    }
    line.add(query);
  }

  #beginNext(notBefore: number): void {
    for (const [key, line] of this.#lines) {
      const { octets, client, port, socket, since } = line.take();
      this.#size--;
      this.#lines.delete(key);
      if (line.length > 0) this.#lines.set(key, line);
      if (since < notBefore) this.#parts.dropped();
      else this.#parts.begin(octets, client, port, socket);
      return;
    }
  }

  #schedule(): void {
    this.#isScheduled = true;
    setImmediate(this.#endTurn);
  }

  readonly #endTurn = (): void => {
    const came = this.#came;
    this.#came = 0;
    this.#isScheduled = false;
    if (this.#size === 0) return;
    // Before anything is begun, which may throw.
    this.#schedule();
    const notBefore = this.#now() - MAX_WAIT;
    const count = came <= AT_ONCE ? AT_ONCE : Math.max(LEAST, came / COME_FOR_EACH);
    for (let i = 0; i < count && this.#size > 0; i++) this.#beginNext(notBefore);
  };
}

/** A query that waits, since when. */
interface WaitingQuery {
  readonly octets: Buffer;
  readonly client: string;
  readonly port: number;
  readonly socket: DatagramSocket;
  readonly since: number;
}

/** Which line a query waits in: one for each client. The programs of this machine are told apart by their ports. */
function lineOf({ client, port }: WaitingQuery): string {
  return clientKey(client) ?? `${client} ${port}`;
}

/** First in, first out. */
class Line {
  #queries: WaitingQuery[] = [];
  #first = 0;

  get length(): number {
    return this.#queries.length - this.#first;
  }

  /** Since when the first has waited; only where there is one. */
  get since(): number {
    return (this.#queries[this.#first] as WaitingQuery).since;
  }

  add(query: WaitingQuery): void {
    this.#queries.push(query);
  }

  /** The one that has waited longest; only where there is one. */
  take(): WaitingQuery {
    const query = this.#queries[this.#first] as WaitingQuery;
    this.#first++;
    // What was taken is let go of in pieces, so that each is moved once or twice.
    if (this.#first * 2 > this.#queries.length) {
      this.#queries = this.#queries.slice(this.#first);
      this.#first = 0;
    }
    return query;
  }
}
