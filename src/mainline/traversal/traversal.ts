import { type Ipv4, parseIpv4 } from '../addresses.ts';
import type { NodeAddress } from '../dht-node.ts';
import type { AskOutcome } from '../socket/krpc-socket.ts';
import { copyOf } from '../wire/bytes.ts';
import { ID_LENGTH, type NodeContact } from '../wire/compact-nodes.ts';
import type { ReplyMessage } from '../wire/krpc-message.ts';
import { type Asked, type Candidate, Candidates } from './candidates.ts';
import { Closest, K } from './closest.ts';

/** Maximum number of nodes asked in one traversal. A lookup in the public network asks 30 to 80. */
const MAX_ASKED = 256;
/** Maximum number of nodes asked at one host, unless hosts are shared, so that one host cannot displace the others. */
const MAX_PER_HOST = 4;
/** Maximum number of nodes that an item is put to. More than 20 only if there is a crowd around its target. */
const MAX_HOLDERS = 80;
/** Maximum duration of a traversal in milliseconds. */
const MAX_DURATION_MS = 20_000;
/** Milliseconds without any answer after which the reserve is asked. */
const RESERVE_AFTER_MS = 500;
/** Addresses without an id, the first, that are asked once more then: who begins at a single one would wait for a lost datagram. */
const ASKED_AGAIN = 4;

/** Options and callbacks of a traversal. */
export interface TraversalOptions {
  /** 20 bytes. */
  readonly target: Uint8Array;
  /** Our own id, 20 bytes. Other nodes may name us, even though we are read-only, and we must not query ourselves. */
  readonly self: Uint8Array;
  /** Where to start: nodes with ids, and addresses whose ids are not known. */
  readonly seeds: readonly (NodeContact | NodeAddress)[];
  /**
   * More addresses to start at if no node has answered for half a second, or if all known nodes have been asked: the nodes
   * that we know may all be gone.
   */
  readonly reserve: () => readonly NodeAddress[];
  /**
   * Searches for nodes at some distance from the target, if there is a crowd around it. Calls `found` once, asynchronously,
   * unless the returned function is called first. Undefined to not search.
   */
  readonly lookAround: ((found: (nodes: readonly NodeContact[]) => void) => () => void) | undefined;
  /** Maximum number of open queries, without those that are late; at least 1. It may change at any time. */
  readonly concurrency: () => number;
  /** Whether the tokens of answers are kept, for a put. */
  readonly keepsTokens: boolean;
  /** Whether any number of nodes may share a host. */
  readonly sharedHosts: boolean;
  /** The distance within which all nodes are asked, as a fraction of the id space: see NetworkSize. */
  readonly reach: number;
  /** Whether a node is known not to answer. It is asked only where all others do not suffice: see SilentNodes. */
  readonly isBad: (address: Ipv4, port: number) => boolean;
  /** Queries one node. `settle` is called once, asynchronously, unless the returned function is called first. */
  readonly ask: (to: AskedNode, settle: (outcome: AskOutcome) => void) => () => void;
  /** Milliseconds after which a query is late. */
  readonly lateAfterMs: () => number;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  /** Called when a node is asked. */
  readonly onAsked?: (node: AskedNode) => void;
  /** Called with the outcome of each query. */
  readonly onOutcome: (node: AskedNode, outcome: AskOutcome) => void;
  /** Called once when the traversal ended; not after `stop`. */
  readonly onEnd: (ended: TraversalEnd) => void;
  /** Called once when it ended or was stopped, before `onEnd`. */
  readonly onOver: () => void;
}

/** See LookupSummary. */
export type TraversalEnd = 'closest-answered' | 'exhausted' | 'limit';

/** A node that was asked. */
export interface AskedNode extends NodeAddress {
  /** The id that we expect it to have, 20 bytes. Undefined for an address without an id. */
  readonly id: Uint8Array | undefined;
  readonly address: Ipv4;
}

/** A query whose answer is waited for. */
interface OpenQuery {
  readonly node: Asked;
  readonly lateAt: number;
  isLate: boolean;
  cancel: () => void;
}

/** A node that answered with a write token. */
export interface TokenHolder extends NodeAddress {
  /** 20 bytes. */
  readonly id: Uint8Array;
  readonly token: Uint8Array;
}

/**
 * An iterative Kademlia lookup (BEP 5): asks the closest known nodes, learns of closer ones from their answers, and ends when
 * the closest live nodes have answered; {@link Closest} defines which these are. A late node does not delay it: the next
 * closest is asked as well, and the late answer still counts if it arrives before the end.
 */
export class Traversal {
  readonly #options: TraversalOptions;
  readonly #candidates: Candidates;
  /** Addresses without an id. */
  readonly #anonymous: Asked[] = [];
  /** Addresses with their ports, as one number each. */
  readonly #askedAddresses = new Set<number>();
  readonly #askedHosts = new Map<Ipv4, number>();
  readonly #queries = new Set<OpenQuery>();
  readonly #deadline: NodeJS.Timeout;
  readonly #reserveTimer: NodeJS.Timeout;
  /** Runs while a query may become late: one for all, since each answer would end its own. */
  #lateTimer: NodeJS.Timeout | undefined;
  /** How many of the queries are late. */
  #late = 0;
  /** Goes on once what has arrived in this turn of the event loop is read: see `#advanceSoon`. */
  #next: NodeJS.Immediate | undefined;
  #cancelLookAround: () => void = () => {};
  /** Whether any node has replied. */
  #heard = false;
  /** Whether nodes that are known not to answer are asked too. */
  #asksBad = false;
  /** Whether `lookAround` was called; it is called once at most. */
  #hasLookedAround = false;
  #isLookingAround = false;
  #ended = false;

  /** Starts at once. */
  constructor(options: TraversalOptions) {
    this.#options = options;
    this.#candidates = new Candidates(options.target);
    this.#deadline = setTimeout(() => this.#end('limit'), MAX_DURATION_MS);
    this.#reserveTimer = setTimeout(() => {
      this.#askAgain();
      this.askReserve();
    }, RESERVE_AFTER_MS);
    for (const seed of options.seeds) {
      if ('id' in seed) this.#candidates.place(seed.id, 0, addressOf(seed), seed.port);
      else this.#addAnonymous(seed);
    }
    // Asynchronously, so that no callback is called before the constructor has returned.
    this.#advanceSoon();
  }

  /** Number of nodes asked so far. */
  get asked(): number {
    return this.#askedAddresses.size;
  }

  /** Also starts at the addresses of the reserve, unless a node has answered. Has no effect after the end. */
  askReserve(): void {
    if (!this.#ended && this.#addReserve()) this.#advance();
  }

  /** Cancels all open queries; no callback is called afterwards. Has no effect after the end. */
  stop(): void {
    if (!this.#ended) this.#options.onOver();
    this.#ended = true;
    this.#clearTimers();
    clearImmediate(this.#next);
    this.#cancelLookAround();
    for (const { cancel } of this.#queries) cancel();
    this.#queries.clear();
  }

  /** The closest nodes that answered with a token, closest first; at most 80. */
  tokenHolders(): readonly TokenHolder[] {
    const holders = this.#closestAnswered().flatMap(({ id, host, port, token }) =>
      token === undefined ? [] : [{ id, host, port, token }],
    );
    // A crowd is closest to the target, and the honest nodes are behind it.
    return holders.length <= MAX_HOLDERS
      ? holders
      : [...holders.slice(0, K), ...holders.slice(K - MAX_HOLDERS)];
  }

  /** The closest nodes that answered, closest first. */
  answered(): readonly NodeContact[] {
    return this.#closestAnswered().map(({ id, host, port }) => ({ id, host, port }));
  }

  /** Distances of the closest nodes that answered and count, in ascending order, as fractions of the id space. */
  distances(): readonly number[] {
    const closest = new Closest(0, this.#options.sharedHosts);
    return this.#closestAnswered().flatMap((candidate) => {
      if (!closest.counts(candidate)) return [];
      closest.take(candidate);
      return [candidate.distance];
    });
  }

  #closestAnswered(): readonly Candidate[] {
    const closest = new Closest(this.#options.reach, this.#options.sharedHosts);
    const answered: Candidate[] = [];
    for (const candidate of this.#candidates.sorted) {
      if (candidate.state !== 'answered') continue;
      if (closest.isBeyond(candidate)) break;
      if (!closest.admits(candidate)) continue;
      closest.take(candidate);
      answered.push(candidate);
    }
    return answered;
  }

  #advance(): void {
    if (this.#ended) return;
    for (const candidate of this.#anonymous) if (candidate.state === 'new') this.#ask(candidate);
    let waiting = this.#anonymous.some(({ state }) => state === 'new' || state === 'asked');
    const closest = new Closest(this.#options.reach, this.#options.sharedHosts);
    for (const candidate of this.#candidates.sorted) {
      if (!closest.admits(candidate)) continue;
      if (closest.isBeyond(candidate)) break;
      if (candidate.state === 'new') {
        // Whatever ends next goes on from here.
        if (this.#open >= this.#options.concurrency()) return;
        this.#askUnlessBad(candidate);
      }
      const { state } = candidate;
      if (state === 'failed' || state === 'late' || state === 'passed-over') continue;
      closest.take(candidate);
      if (state !== 'answered') waiting = true;
    }
    if (this.asked >= MAX_ASKED && this.#open === 0) {
      this.#end('limit');
      return;
    }
    if (waiting || this.#isLookingAround) return;
    if (!closest.isFull && this.#queries.size > 0) return;
    if (closest.isCrowded && this.#lookAround()) return;
    if (closest.isFull) this.#end('closest-answered');
    else if (this.#addReserve() || this.#addBad()) this.#advance();
    else this.#end('exhausted');
  }

  /** Starts a search around a crowd. Returns false if it was done before or is not wanted. */
  #lookAround(): boolean {
    const { lookAround } = this.#options;
    if (this.#hasLookedAround || lookAround === undefined) return false;
    this.#hasLookedAround = true;
    this.#isLookingAround = true;
    this.#cancelLookAround = lookAround((nodes) => {
      this.#isLookingAround = false;
      this.#cancelLookAround = () => {};
      if (this.#ended) return;
      for (const node of nodes) this.#candidates.place(node.id, 0, addressOf(node), node.port);
      this.#advance();
    });
    return true;
  }

  /** Lets the first addresses be asked once more if no node has answered. */
  #askAgain(): void {
    if (this.#heard || this.#ended) return;
    for (const node of this.#anonymous.slice(0, ASKED_AGAIN)) {
      if (node.state !== 'asked') continue;
      node.state = 'new';
      this.#askedAddresses.delete(node.address * 65_536 + node.port);
    }
    this.#advance();
  }

  /** Adds the reserve if no node has answered. Returns whether it had new addresses. */
  #addReserve(): boolean {
    if (this.#heard) return false;
    const before = this.#anonymous.length;
    for (const address of this.#options.reserve()) this.#addAnonymous(address);
    return this.#anonymous.length > before;
  }

  /** Lets the nodes be asked that were passed over. Returns whether there were any. */
  #addBad(): boolean {
    this.#asksBad = true;
    const passedOver = this.#candidates.sorted.filter(({ state }) => state === 'passed-over');
    for (const candidate of passedOver) candidate.state = 'new';
    return passedOver.length > 0;
  }

  #addAnonymous({ host, port }: NodeAddress): void {
    if (this.#anonymous.some((other) => other.host === host && other.port === port)) return;
    this.#anonymous.push({ id: undefined, host, port, address: addressOf({ host, port }), state: 'new' });
  }

  /** Queries that may be answered in time. */
  get #open(): number {
    return this.#queries.size - this.#late;
  }

  #askUnlessBad(candidate: Candidate): void {
    if (!this.#asksBad && this.#options.isBad(candidate.address, candidate.port))
      candidate.state = 'passed-over';
    else this.#ask(candidate);
  }

  #ask(node: Asked): void {
    const { sharedHosts, concurrency, lateAfterMs, now, ask } = this.#options;
    const address = node.address * 65_536 + node.port;
    const sameHost = sharedHosts ? 0 : (this.#askedHosts.get(node.address) ?? 0);
    if (this.#askedAddresses.has(address) || sameHost >= MAX_PER_HOST) {
      // It was asked with another id, and its answer has its real one.
      node.state = 'failed';
      return;
    }
    if (this.#open >= concurrency() || this.asked >= MAX_ASKED) return;
    this.#askedAddresses.add(address);
    if (!sharedHosts) this.#askedHosts.set(node.address, sameHost + 1);
    node.state = 'asked';
    this.#options.onAsked?.(node);
    const lateAfter = lateAfterMs();
    const query: OpenQuery = { node, lateAt: now() + lateAfter, isLate: false, cancel: () => {} };
    this.#queries.add(query);
    this.#lateTimer ??= setTimeout(() => this.#noteLate(), lateAfter);
    query.cancel = ask(node, (outcome) => this.#settle(query, outcome));
  }

  #settle(query: OpenQuery, outcome: AskOutcome): void {
    const { node, isLate } = query;
    this.#queries.delete(query);
    if (this.#ended) return;
    if (isLate) this.#late--;
    if (outcome.kind === 'reply') {
      this.#heard = true;
      this.#learn(node, outcome.reply);
    } else {
      node.state = 'failed';
    }
    this.#options.onOutcome(node, outcome);
    this.#advanceSoon();
  }

  /**
   * Goes on in the next phase of the event loop. Dozens of answers come in one turn when many keys are looked up: all are read, and what was
   * found is told, before more is asked.
   */
  #advanceSoon(): void {
    this.#next ??= setImmediate(() => {
      this.#next = undefined;
      this.#advance();
    });
  }

  /** Goes on without the nodes that are late. */
  #noteLate(): void {
    this.#lateTimer = undefined;
    const now = this.#options.now();
    let next = Number.POSITIVE_INFINITY;
    let isNews = false;
    for (const query of this.#queries) {
      if (query.isLate) continue;
      if (query.lateAt > now) {
        next = Math.min(next, query.lateAt);
        continue;
      }
      query.isLate = true;
      this.#late++;
      if (query.node.state === 'asked') query.node.state = 'late';
      isNews = true;
    }
    if (next < Number.POSITIVE_INFINITY)
      this.#lateTimer = setTimeout(() => this.#noteLate(), Math.ceil(next - now));
    if (isNews) this.#advance();
  }

  #learn(node: Asked, reply: ReplyMessage): void {
    node.state = 'failed'; // unless its id is the expected one, see below
    const answerer = this.#candidates.place(reply.id, 0, node.address, node.port);
    if (answerer !== undefined) {
      answerer.state = 'answered';
      if (reply.token !== undefined && this.#options.keepsTokens) answerer.token = copyOf(reply.token);
    }
    const { self } = this.#options;
    reply.nodes.visit(K, (list, at, address, port) => {
      if (!isIdAt(list, at, self)) this.#candidates.place(list, at, address, port);
    });
  }

  /** Open queries are not cancelled: their outcomes tell the caller which nodes are silent. */
  #end(ended: TraversalEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#clearTimers();
    this.#queries.clear();
    this.#options.onOver();
    this.#options.onEnd(ended);
  }

  #clearTimers(): void {
    clearTimeout(this.#deadline);
    clearTimeout(this.#reserveTimer);
    clearTimeout(this.#lateTimer);
  }
}

/** The address as a number. All that come here are literals. */
function addressOf({ host }: NodeAddress): Ipv4 {
  return parseIpv4(host) ?? 0;
}

/** Whether the id at `at` is this one. */
function isIdAt(list: Uint8Array, at: number, id: Uint8Array): boolean {
  for (let index = 0; index < ID_LENGTH; index++) if (list[at + index] !== id[index]) return false;
  return true;
}
