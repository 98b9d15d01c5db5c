import { formatIpv4, type Ipv4 } from '../addresses.ts';
import type { NodeAddress } from '../dht-node.ts';
import { ID_LENGTH, wordAt } from '../wire/compact-nodes.ts';
import { fitsAddress } from '../wire/node-id.ts';
import type { Placed } from './closest.ts';

/** Maximum number of nodes known in one traversal. Each node that is asked names at most 20. */
const MAX_KNOWN = 2048;

/**
 * `late`: it has not answered in the time that answers take, and still may. `failed`: it does not count. `passed-over`: nor does
 * this, as long as there are enough others.
 */
export type CandidateState = 'new' | 'asked' | 'late' | 'answered' | 'failed' | 'passed-over';

/** A node that may be asked. */
export interface Asked extends NodeAddress {
  /** The id that we expect it to have, 20 bytes. Undefined for an address without an id. */
  readonly id: Uint8Array | undefined;
  readonly address: Ipv4;
  state: CandidateState;
}

/**
 * A node with an id, as seen from the target. Its id is kept as five words of 32 bits: hundreds of nodes are named in a lookup, and
 * an array or a text for each would cost more than all that is done with it.
 */
export class Candidate implements Asked, Placed {
  state: CandidateState = 'new';
  /** The write token of its answer, if tokens are kept. */
  token: Uint8Array | undefined = undefined;
  readonly distance: number;
  readonly isSecure: boolean;
  readonly network: number;
  readonly address: Ipv4;
  readonly port: number;
  readonly #words: Words;
  #host: string | undefined;

  constructor(words: Words, distance: number, address: Ipv4, port: number) {
    this.#words = words;
    this.distance = distance;
    this.address = address;
    this.port = port;
    this.isSecure = fitsAddress(words.a, words.e & 0xff, address);
    this.network = address >>> 16;
  }

  get host(): string {
    this.#host ??= formatIpv4(this.address);
    return this.#host;
  }

  /** A new array for each call. */
  get id(): Uint8Array {
    const { a, b, c, d, e } = this.#words;
    const id = Buffer.allocUnsafe(ID_LENGTH);
    for (const [index, word] of [a, b, c, d, e].entries()) id.writeInt32BE(word, index * 4);
    return id;
  }

  /** Less than 0 if it comes before a node that is as far by the first 48 bits, 0 if it is that node. */
  compareRest(words: Words, target: Words, address: Ipv4, port: number): number {
    const own = this.#words;
    return (
      farther(own.b, words.b, target.b) ||
      farther(own.c, words.c, target.c) ||
      farther(own.d, words.d, target.d) ||
      farther(own.e, words.e, target.e) ||
      this.address - address ||
      this.port - port
    );
  }
}

/** 20 octets as numbers of 32 bits with a sign. */
interface Words {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly e: number;
}

/**
 * The nodes that a traversal knows, sorted by distance to its target, each once. An address may be there with several ids, of which
 * at most one is right.
 */
export class Candidates {
  /** To be read only. */
  readonly sorted: Candidate[] = [];
  readonly #target: Words;

  /** @param target 20 bytes */
  constructor(target: Uint8Array) {
    this.#target = wordsOf(target, 0);
  }

  /** The node with the id at `at` of `octets` and this address, added if needed; undefined if there is no room for it. */
  place(octets: Uint8Array, at: number, address: Ipv4, port: number): Candidate | undefined {
    const target = this.#target;
    const a = wordAt(octets, at);
    const b = wordAt(octets, at + 4);
    // BEP 5: "the distance metric is XOR and the result is interpreted as an unsigned integer". 48 bits are exact in a number.
    const distance = (((a ^ target.a) >>> 0) * 65_536 + ((b ^ target.b) >>> 16)) / 2 ** 48;
    const { sorted } = this;
    let low = 0;
    let high = sorted.length;
    let words: Words | undefined;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = sorted[middle] as Candidate;
      let order = other.distance - distance;
      if (order === 0) {
        words ??= wordsOf(octets, at);
        order = other.compareRest(words, target, address, port);
        if (order === 0) return other;
      }
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    if (sorted.length >= MAX_KNOWN) return undefined;
    const candidate = new Candidate(words ?? wordsOf(octets, at), distance, address, port);
    if (low === sorted.length) sorted.push(candidate);
    else sorted.splice(low, 0, candidate);
    return candidate;
  }
}

function wordsOf(octets: Uint8Array, at: number): Words {
  return {
    a: wordAt(octets, at),
    b: wordAt(octets, at + 4),
    c: wordAt(octets, at + 8),
    d: wordAt(octets, at + 12),
    e: wordAt(octets, at + 16),
  };
}

/** Positive if `one` is farther from the target than `other`, as unsigned numbers; 0 if they are the same. */
function farther(one: number, other: number, target: number): number {
  return ((one ^ target) >>> 0) - ((other ^ target) >>> 0);
}
