import { TokenBuckets } from '../../async/token-bucket.ts';
import { MAX_VALUE_LENGTH } from '../../bep44/mutable-item.ts';
import type { NodeAddress } from '../dht-node.ts';
import type { KrpcSocket, QueryHandler } from '../socket/krpc-socket.ts';
import type { Encodable } from '../wire/bencode-write.ts';
import { type NodeContact, writeCompactNodes } from '../wire/compact-nodes.ts';
import type { PutBody, QueryMessage } from '../wire/krpc-message.ts';
import type { Responder } from './k-rpc-bridge.ts';
import type { Routing } from './routing.ts';

/** BEP 44: "The salt string MUST NOT be longer than 64 bytes." */
const MAX_SALT_LENGTH = 64;
/** Addresses whose rate is remembered. */
const MAX_ADDRESSES = 4096;
/** Newcomers pinged at once before they come into the table. */
const MAX_INTRODUCTIONS = 16;

/** What one address may ask of us. */
export interface ServingLimits {
  readonly perSecond: number;
  readonly burst: number;
  /** Nodes in an answer, 26 bytes each. */
  readonly nodes: number;
}

/**
 * The limits on the public network. A lookup asks one node once or twice. BEP 5: "the K (8) closest good nodes in its own
 * routing table".
 */
export const PUBLIC_LIMITS: ServingLimits = { perSecond: 20, burst: 60, nodes: 8 };
/**
 * On a test network many nodes share an address, and each of them is asked by all the others. They name 20 nodes, as Rust
 * mainline does: with 8, a small network never learns of all the 20 nodes that an item belongs to.
 */
export const TEST_LIMITS: ServingLimits = { perSecond: 2000, burst: 4000, nodes: 20 };

/** What serving needs. */
export interface ServingOptions {
  readonly socket: KrpcSocket;
  readonly routing: Routing;
  readonly limits: ServingLimits;
  readonly now: () => number;
}

/** A query in the shape that `bittorrent-dht` reads, with what is needed for the answer beside it. */
interface PlainQuery {
  readonly q: Buffer;
  readonly a: object;
  readonly checked: QueryMessage;
  readonly from: NodeAddress;
}

/**
 * Answers queries of others. `bittorrent-dht` decides what is answered; this gives it checked fields only, and bounds what
 * goes out: 8 nodes on the public network, one item, and so many answers a second for one address. Without an item an answer has 330 bytes at
 * most, three times its question.
 */
export class Serving implements QueryHandler, Responder {
  readonly #options: ServingOptions;
  readonly #rates: TokenBuckets;
  #introductions = 0;
  /** Whether the query being handled was answered. `bittorrent-dht` answers before it returns, or not at all. */
  #answered = false;

  /** Takes the socket to answer on and the node that knows the answers. */
  constructor(options: ServingOptions) {
    this.#options = options;
    this.#rates = new TokenBuckets(options.limits, MAX_ADDRESSES);
  }

  /** Answers `query`, unless `from` asks too often. */
  onQuery(query: QueryMessage, from: NodeAddress): void {
    if (!this.#admits(from)) return;
    if (!query.readOnly) this.#introduce(query.id, from);
    const { body, transaction } = query;
    if (body.method === 'unsupported') {
      this.#options.socket.refuse(from, transaction, 204, 'Method Unknown');
      return;
    }
    const problem = body.method === 'put' ? problemOf(body) : undefined;
    if (problem !== undefined) {
      this.#options.socket.refuse(from, transaction, problem.code, problem.message);
      return;
    }
    this.#answered = false;
    const plain: PlainQuery = { q: Buffer.from(body.method), a: plainArguments(query), checked: query, from };
    this.#options.routing.rpc.emit('query', plain, { ...from, address: from.host });
    if (!this.#answered && body.method === 'put') {
      // bittorrent-dht says nothing when its verify fails. BEP 44: "206 invalid signature".
      this.#options.socket.refuse(from, transaction, 206, 'invalid signature');
    }
  }

  /** Refuses a query with a wrong field: "Protocol Error, such as a malformed packet, invalid arguments" (BEP 5). */
  onMalformedQuery(transaction: Uint8Array, from: NodeAddress): void {
    if (this.#admits(from)) this.#options.socket.refuse(from, transaction, 203, 'Protocol Error');
  }

  /** Sends what `bittorrent-dht` answers, cut down to our bounds. */
  respond(query: object, r: object, nodes: readonly NodeAddress[]): void {
    if (!isPlainQuery(query)) return;
    this.#answered = true;
    const { body, transaction } = query.checked;
    const fields = new Map<string, Encodable>(Object.entries(r).filter(isEncodable));
    if (body.method === 'get' && body.seq !== undefined) {
      const seq = fields.get('seq');
      // BEP 44: "If a stored item exists but its sequence number is less than or equal to the seq field then the k, v, and
      // sig fields SHOULD be omitted from the response."
      if (typeof seq === 'number' && BigInt(seq) <= body.seq)
        for (const name of ['k', 'v', 'sig']) fields.delete(name);
    }
    const nearest = body.method === 'get' ? this.#nearest(body.target) : nodes.filter(isContact);
    if (nearest.length > 0)
      fields.set('nodes', writeCompactNodes(nearest.slice(0, this.#options.limits.nodes)));
    this.#options.socket.reply(query.from, transaction, Object.fromEntries(fields));
  }

  /** Sends a refusal of `bittorrent-dht`. */
  refuse(query: object, code: number, message: string): void {
    if (!isPlainQuery(query)) return;
    this.#answered = true;
    this.#options.socket.refuse(query.from, query.checked.transaction, code, message);
  }

  /** BEP 44: "Responses to get should always include nodes". bittorrent-dht leaves them out when it has the item. */
  #nearest(target: Uint8Array): readonly NodeContact[] {
    return this.#options.routing.closest(target, this.#options.limits.nodes);
  }

  #admits(from: NodeAddress): boolean {
    if (this.#rates.take(from.host, this.#options.now())) return true;
    this.#options.socket.dropped.add('rate-limited');
    return false;
  }

  /**
   * Pings a stranger who asked; its answer brings it into the table. Only who answers at its address belongs there: a
   * source address is easily forged.
   */
  #introduce(id: Uint8Array, from: NodeAddress): void {
    const { routing, socket } = this.#options;
    if (this.#introductions >= MAX_INTRODUCTIONS || routing.has(id)) return;
    this.#introductions++;
    socket.ask(from, { q: 'ping', a: { id: routing.id } }, () => {
      this.#introductions--;
    });
  }
}

/** What BEP 44 lets a node refuse before it looks at token and signature. */
function problemOf(put: PutBody): { readonly code: number; readonly message: string } | undefined {
  if (put.value.length > MAX_VALUE_LENGTH) return { code: 205, message: 'message (v field) too big' };
  if (put.signed === undefined) return undefined;
  if ((put.signed.salt?.length ?? 0) > MAX_SALT_LENGTH)
    return { code: 207, message: 'salt (salt field) too big' };
  const { seq, cas } = put.signed;
  // bittorrent-dht keeps numbers: larger ones would be rounded, and two sequence numbers become one.
  const exact = [seq, cas ?? 0n].every((number) => number >= 0n && number <= Number.MAX_SAFE_INTEGER);
  return exact ? undefined : { code: 203, message: 'seq and cas must be from 0 to 2^53 - 1 here' };
}

/** The arguments as `bittorrent-dht` reads them, copied: what is stored must not keep whole datagrams alive. */
function plainArguments(query: QueryMessage): object {
  const id = Buffer.from(query.id);
  const { body } = query;
  switch (body.method) {
    case 'find_node':
    case 'get':
      return { id, target: Buffer.from(body.target) };
    case 'get_peers':
      return { id, info_hash: Buffer.from(body.infoHash) };
    case 'put':
      return { id, token: Buffer.from(body.token), v: Buffer.from(body.value), ...plainSigned(body.signed) };
    case 'ping':
    case 'unsupported':
      return { id };
  }
}

function plainSigned(signed: PutBody['signed']): object {
  if (signed === undefined) return {};
  return {
    k: Buffer.from(signed.key),
    sig: Buffer.from(signed.signature),
    seq: Number(signed.seq),
    ...(signed.cas !== undefined && { cas: Number(signed.cas) }),
    // "if salt is specified and an empty string, it is as if it was not specified" (BEP 44).
    ...(signed.salt !== undefined && signed.salt.length > 0 && { salt: Buffer.from(signed.salt) }),
  };
}

function isPlainQuery(query: object): query is PlainQuery {
  return 'checked' in query;
}

function isContact(node: NodeAddress): node is NodeContact {
  return 'id' in node;
}

function isEncodable(entry: [string, unknown]): entry is [string, Encodable] {
  const value = entry[1];
  return value instanceof Uint8Array || Number.isSafeInteger(value);
}
