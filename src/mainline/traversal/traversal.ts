import { parseIpv4 } from '../addresses.ts';
import type { NodeAddress } from '../dht-node.ts';
import type { AskOutcome } from '../socket/krpc-socket.ts';
import { copyOf, isSame, latin1 } from '../wire/bytes.ts';
import { ID_LENGTH, type NodeContact } from '../wire/compact-nodes.ts';
import type { ReplyMessage } from '../wire/krpc-message.ts';
import { isSecureNodeId } from '../wire/node-id.ts';
import { Closest, K, type Placed } from './closest.ts';

/** Maximum number of nodes asked in one traversal. A lookup in the public network asks 30 to 80. */
const MAX_ASKED = 256;
/** Maximum number of nodes known in one traversal. Each node that is asked names at most 20. */
const MAX_KNOWN = 2048;
/** Maximum number of nodes asked at one host, unless hosts are shared, so that one host cannot displace the others. */
const MAX_PER_HOST = 4;
/** Maximum number of nodes that an item is put to. More than 20 only if there is a crowd around its target. */
const MAX_HOLDERS = 80;
/** Maximum duration of a traversal in milliseconds. */
const MAX_DURATION_MS = 20_000;
/** Milliseconds without any answer after which the reserve is asked. */
const RESERVE_AFTER_MS = 500;

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
  /** Whether any number of nodes may share a host. */
  readonly sharedHosts: boolean;
  /** The distance within which all nodes are asked, as a fraction of the id space: see NetworkSize. */
  readonly reach: number;
  /** Queries one node. `settle` is called once, asynchronously, unless the returned function is called first. */
  readonly ask: (to: AskedNode, settle: (outcome: AskOutcome) => void) => () => void;
  /** Milliseconds after which a query is late. */
  readonly lateAfterMs: () => number;
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
}

interface Candidate extends AskedNode {
  /** Undefined for an address without an id. */
  readonly placed?: Placed;
  state: 'new' | 'asked' | 'late' | 'answered' | 'failed';
  token?: Uint8Array;
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
  /** Sorted by distance to the target. An address may be here with several ids, of which at most one is right. */
  readonly #candidates: Candidate[] = [];
  /** Addresses without an id. */
  readonly #anonymous: Candidate[] = [];
  readonly #known = new Map<string, Candidate>();
  readonly #askedAddresses = new Set<string>();
  readonly #askedHosts = new Map<string, number>();
  readonly #cancels = new Set<() => void>();
  readonly #deadline: NodeJS.Timeout;
  readonly #reserveTimer: NodeJS.Timeout;
  #open = 0;
  #late = 0;
  /** Whether any node has replied. */
  #heard = false;
  /** Whether `lookAround` was called; it is called once at most. */
  #hasLookedAround = false;
  #isLookingAround = false;
  #ended = false;

  /** Starts at once. */
  constructor(options: TraversalOptions) {
    this.#options = options;
    this.#deadline = setTimeout(() => this.#end('limit'), MAX_DURATION_MS);
    this.#reserveTimer = setTimeout(() => this.askReserve(), RESERVE_AFTER_MS);
    for (const seed of options.seeds) {
      if ('id' in seed) this.#candidate(seed.id, seed);
      else this.#addAnonymous(seed);
    }
    // Asynchronously, so that no callback is called before the constructor has returned.
    const start = setImmediate(() => this.#advance());
    this.#cancels.add(() => clearImmediate(start));
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
    clearTimeout(this.#deadline);
    clearTimeout(this.#reserveTimer);
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
  }

  /** The closest nodes that answered with a token, closest first; at most 80. */
  tokenHolders(): readonly TokenHolder[] {
    const holders = this.#closestAnswered().flatMap(({ id, host, port, token }) =>
      id !== undefined && token !== undefined ? [{ id, host, port, token }] : [],
    );
    // A crowd is closest to the target, and the honest nodes are behind it.
    return holders.length <= MAX_HOLDERS
      ? holders
      : [...holders.slice(0, K), ...holders.slice(K - MAX_HOLDERS)];
  }

  /** The closest nodes that answered, closest first. */
  answered(): readonly NodeContact[] {
    return this.#closestAnswered().flatMap(({ id, host, port }) =>
      id === undefined ? [] : [{ id, host, port }],
    );
  }

  /** Distances of the closest nodes that answered and count, in ascending order, as fractions of the id space. */
  distances(): readonly number[] {
    const closest = new Closest(0, this.#options.sharedHosts);
    return this.#closestAnswered().flatMap(({ placed }) => {
      if (placed === undefined || !closest.counts(placed)) return [];
      closest.take(placed);
      return [placed.distance];
    });
  }

  #closestAnswered(): readonly Candidate[] {
    const closest = new Closest(this.#options.reach, this.#options.sharedHosts);
    const answered: Candidate[] = [];
    for (const candidate of this.#candidates) {
      const { placed, state } = candidate;
      if (placed === undefined || state !== 'answered') continue;
      if (closest.isBeyond(placed)) break;
      if (!closest.admits(placed)) continue;
      closest.take(placed);
      answered.push(candidate);
    }
    return answered;
  }

  #advance(): void {
    if (this.#ended) return;
    for (const candidate of this.#anonymous) if (candidate.state === 'new') this.#ask(candidate);
    let waiting = this.#anonymous.some(({ state }) => state === 'new' || state === 'asked');
    const closest = new Closest(this.#options.reach, this.#options.sharedHosts);
    for (const candidate of this.#candidates) {
      const { placed } = candidate;
      if (placed === undefined || !closest.admits(placed)) continue;
      if (closest.isBeyond(placed)) break;
      if (candidate.state === 'new') this.#ask(candidate);
      if (candidate.state === 'failed' || candidate.state === 'late') continue;
      closest.take(placed);
      if (candidate.state !== 'answered') waiting = true;
    }
    if (this.asked >= MAX_ASKED && this.#open === 0) {
      this.#end('limit');
      return;
    }
    if (waiting || this.#isLookingAround) return;
    if (!closest.isFull && this.#open + this.#late > 0) return;
    if (closest.isCrowded && this.#lookAround()) return;
    if (closest.isFull) this.#end('closest-answered');
    else if (this.#addReserve()) this.#advance();
    else this.#end('exhausted');
  }

  /** Starts a search around a crowd. Returns false if it was done before or is not wanted. */
  #lookAround(): boolean {
    const { lookAround } = this.#options;
    if (this.#hasLookedAround || lookAround === undefined) return false;
    this.#hasLookedAround = true;
    this.#isLookingAround = true;
    const cancel = lookAround((nodes) => {
      this.#isLookingAround = false;
      this.#cancels.delete(cancel);
      if (this.#ended) return;
      for (const node of nodes) this.#candidate(node.id, node);
      this.#advance();
    });
    this.#cancels.add(cancel);
    return true;
  }

  /** Adds the reserve if no node has answered. Returns whether it had new addresses. */
  #addReserve(): boolean {
    if (this.#heard) return false;
    const before = this.#anonymous.length;
    for (const address of this.#options.reserve()) this.#addAnonymous(address);
    return this.#anonymous.length > before;
  }

  #addAnonymous({ host, port }: NodeAddress): void {
    if (this.#anonymous.some((other) => other.host === host && other.port === port)) return;
    this.#anonymous.push({ id: undefined, host, port, state: 'new' });
  }

  #ask(candidate: Candidate): void {
    const address = `${candidate.host}:${candidate.port}`;
    const sameHost = this.#askedHosts.get(candidate.host) ?? 0;
    if (this.#askedAddresses.has(address) || (!this.#options.sharedHosts && sameHost >= MAX_PER_HOST)) {
      // It was asked with another id, and its answer has its real one.
      candidate.state = 'failed';
      return;
    }
    if (this.#open >= this.#options.concurrency() || this.asked >= MAX_ASKED) return;
    this.#askedAddresses.add(address);
    this.#askedHosts.set(candidate.host, sameHost + 1);
    candidate.state = 'asked';
    this.#open++;
    let late = false;
    const lateTimer = setTimeout(() => {
      if (this.#ended) return;
      late = true;
      this.#open--;
      this.#late++;
      if (candidate.state === 'asked') candidate.state = 'late';
      this.#advance();
    }, this.#options.lateAfterMs());
    const cancelQuery = this.#options.ask(candidate, (outcome) => {
      clearTimeout(lateTimer);
      this.#cancels.delete(cancel);
      if (this.#ended) return;
      if (late) this.#late--;
      else this.#open--;
      if (outcome.kind === 'reply') {
        this.#heard = true;
        this.#learn(candidate, outcome.reply);
      } else {
        candidate.state = 'failed';
      }
      this.#options.onOutcome(candidate, outcome);
      this.#advance();
    });
    const cancel = () => {
      clearTimeout(lateTimer);
      cancelQuery();
    };
    this.#cancels.add(cancel);
  }

  #learn(candidate: Candidate, reply: ReplyMessage): void {
    candidate.state = 'failed'; // unless its id is the expected one, see below
    const answerer = this.#candidate(reply.id, candidate);
    if (answerer !== undefined) {
      answerer.state = 'answered';
      if (reply.token !== undefined) answerer.token = copyOf(reply.token);
    }
    for (const node of reply.nodes.slice(0, K)) {
      if (!isSame(node.id, this.#options.self)) this.#candidate(node.id, node);
    }
  }

  /** The candidate with this id and address, created if needed and if there is room. */
  #candidate(id: Uint8Array, { host, port }: NodeAddress): Candidate | undefined {
    const name = `${latin1(id)}${host}:${port}`;
    const known = this.#known.get(name);
    if (known !== undefined || this.#known.size >= MAX_KNOWN) return known;
    const placed = placeOf(id, host, this.#options.target);
    const candidate: Candidate = { id: copyOf(id), host, port, placed, state: 'new' };
    this.#known.set(name, candidate);
    const at = this.#candidates.findIndex(
      (other) => other.id !== undefined && isCloser(id, other.id, this.#options.target),
    );
    this.#candidates.splice(at < 0 ? this.#candidates.length : at, 0, candidate);
    return candidate;
  }

  /** Open queries are not cancelled: their outcomes tell the caller which nodes are silent. */
  #end(ended: TraversalEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#deadline);
    clearTimeout(this.#reserveTimer);
    this.#cancels.clear();
    this.#options.onOver();
    this.#options.onEnd(ended);
  }
}

function placeOf(id: Uint8Array, host: string, target: Uint8Array): Placed {
  const address = parseIpv4(host) ?? 0;
  return {
    distance: distanceOf(id, target),
    isSecure: isSecureNodeId(id, address),
    network: address >>> 16,
  };
}

/** The distance as a fraction of the id space, with 48 bits of precision. */
function distanceOf(id: Uint8Array, target: Uint8Array): number {
  let distance = 0;
  for (let at = 0; at < 6; at++) distance = distance * 256 + ((id[at] ?? 0) ^ (target[at] ?? 0));
  return distance / 2 ** 48;
}

/** BEP 5: "the distance metric is XOR and the result is interpreted as an unsigned integer". */
function isCloser(one: Uint8Array, other: Uint8Array, target: Uint8Array): boolean {
  for (let at = 0; at < ID_LENGTH; at++) {
    const goal = target[at] ?? 0;
    const difference = ((one[at] ?? 0) ^ goal) - ((other[at] ?? 0) ^ goal);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
