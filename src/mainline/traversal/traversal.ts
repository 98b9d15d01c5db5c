import { parseIpv4 } from '../addresses.ts';
import type { NodeAddress } from '../dht-node.ts';
import type { AskOutcome } from '../socket/krpc-socket.ts';
import { copyOf, isSame, latin1 } from '../wire/bytes.ts';
import { ID_LENGTH, type NodeContact } from '../wire/compact-nodes.ts';
import type { ReplyMessage } from '../wire/krpc-message.ts';
import { isSecureNodeId } from '../wire/node-id.ts';
import { Closest, K, type Placed } from './closest.ts';

/** Nodes asked in one traversal. A lookup in the public network asks 30 to 80. */
const MAX_ASKED = 256;
/** Nodes remembered in one traversal. Each node asked names 20 at most. */
const MAX_KNOWN = 2048;
/** Nodes asked at one host, where hosts are not shared: one host shall not crowd out the others around a target. */
const MAX_PER_HOST = 4;
/** Nodes that one item is put to. More than 20 only where a crowd of nodes stands around its target. */
const MAX_HOLDERS = 80;
/** Milliseconds after which a traversal ends whatever happens. */
const MAX_DURATION_MS = 20_000;
/** Milliseconds without any answer after which the reserve is asked. */
const RESERVE_AFTER_MS = 500;

/** What a traversal needs, and whom it tells. */
export interface TraversalOptions {
  /** 20 bytes. */
  readonly target: Uint8Array;
  /** Our own id, 20 bytes: others may name us, even though we are read-only, and we have nothing to tell ourselves. */
  readonly self: Uint8Array;
  /** Where to begin: nodes with ids, and addresses whose ids are not known. */
  readonly seeds: readonly (NodeContact | NodeAddress)[];
  /**
   * More addresses to begin at, for when nobody has answered for half a second or nobody is left to ask: the nodes that we
   * know may all be gone.
   */
  readonly reserve: () => readonly NodeAddress[];
  /**
   * Looks for nodes at some distance from the target, for when nodes crowd around it, and gives those it found. Calls back once,
   * later, unless the returned function is called before. Undefined when that is not to be done.
   */
  readonly lookAround: ((found: (nodes: readonly NodeContact[]) => void) => () => void) | undefined;
  /** Queries that may be open at once, those that are late not counted; at least 1, and it may change at any time. */
  readonly concurrency: () => number;
  /** Whether one host may hold any number of nodes. */
  readonly sharedHosts: boolean;
  /** How far from the target all nodes are asked, as a part of all ids: see NetworkSize. */
  readonly reach: number;
  /** Asks one node. `settle` is called once, later, unless the returned function is called before. */
  readonly ask: (to: AskedNode, settle: (outcome: AskOutcome) => void) => () => void;
  /** Milliseconds after which a query is late. */
  readonly lateAfterMs: () => number;
  /** Is told how each query ended. */
  readonly onOutcome: (node: AskedNode, outcome: AskOutcome) => void;
  /** Is told once that the traversal ended by itself. Not called after `stop`. */
  readonly onEnd: (ended: TraversalEnd) => void;
  /** Is told once that it is over, by itself or by `stop`; before `onEnd`. */
  readonly onOver: () => void;
}

/** See LookupSummary. */
export type TraversalEnd = 'closest-answered' | 'exhausted' | 'limit';

/** A node that was asked. */
export interface AskedNode extends NodeAddress {
  /** The id under which it was asked, 20 bytes. Undefined for an address given without one. */
  readonly id: Uint8Array | undefined;
}

interface Candidate extends AskedNode {
  /** Undefined for an address given without id. */
  readonly placed?: Placed;
  state: 'new' | 'asked' | 'late' | 'answered' | 'failed';
  token?: Uint8Array;
}

/** A node that answered, with its leave to put. */
export interface TokenHolder extends NodeAddress {
  /** 20 bytes. */
  readonly id: Uint8Array;
  readonly token: Uint8Array;
}

/**
 * Walks to the nodes closest to a target (Kademlia, BEP 5): asks the closest that it knows and that are not late, learns
 * closer ones from their answers, and ends when the closest that live have answered; {@link Closest} says which these are.
 * A node that is late holds nobody up: the next closest is asked in its place, and its answer still counts when it comes
 * before the end.
 */
export class Traversal {
  readonly #options: TraversalOptions;
  /** Sorted by distance to the target. One address may stand here under several ids, all but one of them claimed falsely. */
  readonly #candidates: Candidate[] = [];
  /** Addresses given without id. */
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
  /** Whether nodes were looked for around a crowd; once is enough. */
  #hasLookedAround = false;
  #isLookingAround = false;
  #ended = false;

  /** Begins at once. */
  constructor(options: TraversalOptions) {
    this.#options = options;
    this.#deadline = setTimeout(() => this.#end('limit'), MAX_DURATION_MS);
    this.#reserveTimer = setTimeout(() => this.askReserve(), RESERVE_AFTER_MS);
    for (const seed of options.seeds) {
      if ('id' in seed) this.#candidate(seed.id, seed);
      else this.#addAnonymous(seed);
    }
    // Later, so that nobody is called before the constructor has returned.
    const start = setImmediate(() => this.#advance());
    this.#cancels.add(() => clearImmediate(start));
  }

  /** Nodes asked so far. */
  get asked(): number {
    return this.#askedAddresses.size;
  }

  /** Begins at the addresses of the reserve as well, unless somebody has answered. Of no effect after the end. */
  askReserve(): void {
    if (!this.#ended && this.#addReserve()) this.#advance();
  }

  /** Forgets every open query. Nothing is called any more. Of no effect after the end. */
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
    // Those that crowd around the target stand closest to it, and those that were there before stand behind them.
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

  /** Distances of the closest nodes that answered and that count, in rising order, as parts of all ids. */
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

  /** Whether that begins now. */
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

  /** Whether there were addresses in the reserve that were not given before, and are needed. */
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
      // Asked under another id: its answer told, or will tell, which id it really has.
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
    candidate.state = 'failed'; // unless it has the id under which it was asked
    const answerer = this.#candidate(reply.id, candidate);
    if (answerer !== undefined) {
      answerer.state = 'answered';
      if (reply.token !== undefined) answerer.token = copyOf(reply.token);
    }
    for (const node of reply.nodes.slice(0, K)) {
      if (!isSame(node.id, this.#options.self)) this.#candidate(node.id, node);
    }
  }

  /** The candidate with that id and address, a new one if there was none and there is room. */
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

  /** Queries that are still open are left to run out: who asks learns from them which nodes are silent. */
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

/** The distance as a part of all ids, exact to 48 bits. */
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
