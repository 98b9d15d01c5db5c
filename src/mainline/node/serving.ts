import { type Rate, TokenBucket, TokenBuckets } from '../../async/token-bucket.ts';
import type { NodeAddress } from '../dht-node.ts';
import type { KrpcSocket, QueryHandler } from '../socket/krpc-socket.ts';
import { ItemStore } from '../storage/item-store.ts';
import { PeerStore } from '../storage/peer-store.ts';
import { WriteTokens } from '../storage/write-tokens.ts';
import type { Encodable } from '../wire/bencode-write.ts';
import { type NodeContact, writeCompactAddress, writeCompactNodes } from '../wire/compact-nodes.ts';
import { OutgoingQuery } from '../wire/krpc-encode.ts';
import type { PutBody, QueryBody, QueryMessage } from '../wire/krpc-message.ts';
import type { RandomBytes } from '../wire/node-id.ts';
import type { Responder } from './k-rpc-bridge.ts';
import type { Routing } from './routing.ts';

/** Maximum number of addresses whose rate is tracked. */
const MAX_ADDRESSES = 4096;
/** Maximum number of items stored for others. */
const MAX_ITEMS = 1000;
/** Maximum number of BitTorrent peers in one answer, 8 bytes each. */
const MAX_PEERS_TOLD = 16;
/** Maximum number of new nodes that are pinged at once, before they are added to the table. */
const MAX_INTRODUCTIONS = 16;

/** Limits of serving. `perSecond` and `burst` are queries of each address. */
export interface ServingLimits {
  readonly perSecond: number;
  readonly burst: number;
  /** Maximum number of nodes in an answer, 26 bytes each. */
  readonly nodes: number;
  /** Bytes sent to all addresses together; unlimited if undefined. */
  readonly bandwidth?: Rate;
}

/**
 * The limits on the public network. A lookup asks one node once or twice. BEP 5: "the K (8) closest good nodes in its own
 * routing table".
 */
export const PUBLIC_LIMITS: ServingLimits = { perSecond: 20, burst: 60, nodes: 8 };
/** The limits of a node that serves by itself: those of the public network, and 50 kB in any second. */
export const AUTO_LIMITS: ServingLimits = {
  ...PUBLIC_LIMITS,
  bandwidth: { perSecond: 40_000, burst: 10_000 },
};
/**
 * On a test network many nodes share an address, and each is queried by all others. An answer has 20 nodes, as in Rust
 * mainline: with 8, the nodes of a small network never learn of all 20 nodes that store an item.
 */
export const TEST_LIMITS: ServingLimits = { perSecond: 2000, burst: 4000, nodes: 20 };

/** Bytes of the headers of IPv4 and UDP. */
const HEADER_LENGTH = 28;
/** At least the bytes of a `ping` with its IPv4 and UDP headers. */
const PING_LENGTH = 128;

/** Options and environment of {@link Serving}. */
export interface ServingOptions {
  readonly socket: KrpcSocket;
  readonly routing: Routing;
  readonly limits: ServingLimits;
  readonly randomBytes: RandomBytes;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
}

/** A query in the form that `bittorrent-dht` expects, with what is needed for the answer. */
interface PlainQuery {
  readonly q: Buffer;
  readonly a: object;
  readonly checked: QueryMessage;
  readonly from: NodeAddress;
}

/**
 * Answers queries of others within {@link ServingLimits}. An answer has one item at most; without an item it has at most 500
 * bytes. `bittorrent-dht` answers queries about nodes, from checked fields only. Items and peers are stored here, because that
 * package cannot represent sequence numbers over 2^53 and refuses an item that it already has. Items and peers share one kind
 * of token, because Rust mainline announces with the token of a `get`.
 */
export class Serving implements QueryHandler, Responder {
  readonly #options: ServingOptions;
  readonly #rates: TokenBuckets;
  readonly #bandwidth: TokenBucket | undefined;
  readonly #items = new ItemStore(MAX_ITEMS);
  readonly #peers = new PeerStore();
  readonly #tokens: WriteTokens;
  #introductions = 0;

  /** Answers nothing until queries are passed to it. */
  constructor(options: ServingOptions) {
    this.#options = options;
    const { bandwidth } = options.limits;
    this.#rates = new TokenBuckets(options.limits, MAX_ADDRESSES);
    if (bandwidth !== undefined) this.#bandwidth = new TokenBucket(bandwidth, options.now());
    this.#tokens = new WriteTokens(options.randomBytes, options.now());
  }

  /** Items stored for others. */
  get storedItems(): number {
    return this.#items.size;
  }

  /** Answers `query`, unless `from` asks too often. */
  onQuery(query: QueryMessage, from: NodeAddress): void {
    if (!this.#admits(from)) return;
    if (!query.readOnly) this.#introduce(query.id, from);
    const { body, transaction } = query;
    switch (body.method) {
      case 'get':
        this.#reply(from, transaction, this.#itemAt(body, from));
        return;
      case 'put':
        this.#put(body, transaction, from);
        return;
      case 'get_peers':
        this.#reply(from, transaction, this.#peersOf(body.infoHash, from));
        return;
      case 'announce_peer':
        this.#announce(body, transaction, from);
        return;
      case 'unknown':
        // As libtorrent does, so that queries of newer methods (such as BEP 51) reach the nodes that support them.
        if (body.target !== undefined) this.#reply(from, transaction, { nodes: this.#nearest(body.target) });
        else this.#refuse(from, transaction, 204, 'Method Unknown');
        return;
      default: {
        const plain: PlainQuery = {
          q: Buffer.from(body.method),
          a: plainArguments(query.id, body),
          checked: query,
          from,
        };
        this.#options.routing.rpc.emit('query', plain, { ...from, address: from.host });
      }
    }
  }

  /** Answers a query with an invalid field with an error: "Protocol Error, such as a malformed packet, invalid arguments" (BEP 5). */
  onMalformedQuery(transaction: Uint8Array, from: NodeAddress): void {
    if (this.#admits(from)) this.#refuse(from, transaction, 203, 'Protocol Error');
  }

  /** Sends an answer of `bittorrent-dht`, reduced to our limits. */
  respond(query: object, nodes: readonly NodeAddress[]): void {
    if (!isPlainQuery(query)) return;
    const { body, transaction } = query.checked;
    const nearest = nodes.filter(isContact).slice(0, this.#options.limits.nodes);
    this.#reply(query.from, transaction, body.method === 'ping' ? {} : { nodes: writeCompactNodes(nearest) });
  }

  /** Sends an error of `bittorrent-dht`. */
  refuse(query: object, code: number, message: string): void {
    if (!isPlainQuery(query)) return;
    this.#refuse(query.from, query.checked.transaction, code, message);
  }

  /** The answer to a `get`. BEP 44: "Responses to get should always include nodes". */
  #itemAt({ target, seq }: QueryBody & { method: 'get' }, from: NodeAddress): Fields {
    const beside = this.#besides(target, from);
    const item = this.#items.get(target);
    if (item === undefined) return beside;
    const { value: v, signed } = item;
    if (signed === undefined) return { ...beside, v };
    // BEP 44: "If a stored item exists but its sequence number is less than or equal to the seq field then the k, v, and
    // sig fields SHOULD be omitted from the response."
    if (seq !== undefined && signed.seq <= seq) return { ...beside, seq: signed.seq };
    return { ...beside, k: signed.key, seq: signed.seq, sig: signed.signature, v };
  }

  #put(put: PutBody, transaction: Uint8Array, from: NodeAddress): void {
    if (!this.#accepts(put.token, transaction, from)) return;
    const problem = this.#items.put(put);
    if (problem === undefined) this.#reply(from, transaction, {});
    else this.#refuse(from, transaction, problem.code, problem.message);
  }

  #peersOf(infoHash: Uint8Array, from: NodeAddress): Fields {
    const values = this.#peers.get(infoHash, MAX_PEERS_TOLD, this.#options.now());
    return { ...this.#besides(infoHash, from), values: values.length > 0 ? values : undefined };
  }

  #announce(
    { infoHash, port, token }: QueryBody & { method: 'announce_peer' },
    transaction: Uint8Array,
    from: NodeAddress,
  ): void {
    if (!this.#accepts(token, transaction, from)) return;
    const peer = writeCompactAddress({ host: from.host, port: port ?? from.port });
    this.#peers.add(infoHash, peer, this.#options.now());
    this.#reply(from, transaction, {});
  }

  /** The token and nodes of every answer that a put or an announce may follow. */
  #besides(target: Uint8Array, from: NodeAddress): Fields {
    const token = this.#tokens.tokenFor(from.host, this.#options.now());
    return { token, nodes: this.#nearest(target) };
  }

  /** Whether the token is one of ours; if not, answers with an error. */
  #accepts(token: Uint8Array, transaction: Uint8Array, from: NodeAddress): boolean {
    const isOurs = this.#tokens.accepts(token, from.host, this.#options.now());
    if (!isOurs) this.#refuse(from, transaction, 203, 'bad token');
    return isOurs;
  }

  #reply(to: NodeAddress, transaction: Uint8Array, fields: Fields): void {
    const { socket, routing } = this.#options;
    this.#spend(HEADER_LENGTH + socket.reply(to, transaction, { id: routing.id, ...fields }));
  }

  #refuse(to: NodeAddress, transaction: Uint8Array, code: number, message: string): void {
    this.#spend(HEADER_LENGTH + this.#options.socket.refuse(to, transaction, code, message));
  }

  #spend(length: number): void {
    this.#bandwidth?.spend(length, this.#options.now());
  }

  #nearest(target: Uint8Array): Buffer {
    return writeCompactNodes(this.#options.routing.closest(target, this.#options.limits.nodes));
  }

  #admits(from: NodeAddress): boolean {
    const now = this.#options.now();
    if (this.#bandwidth?.has(now) !== false && this.#rates.take(from.host, now)) return true;
    this.#options.socket.dropped.add('rate-limited');
    return false;
  }

  /**
   * Pings an unknown node that sent a query. If it answers, it is added to the table; without an answer it is not, because
   * source addresses are easily spoofed.
   */
  #introduce(id: Uint8Array, from: NodeAddress): void {
    const { routing, socket } = this.#options;
    if (this.#introductions >= MAX_INTRODUCTIONS || routing.has(id)) return;
    this.#introductions++;
    this.#spend(PING_LENGTH);
    socket.ask(from, new OutgoingQuery('ping', { id: routing.id }), () => {
      this.#introductions--;
    });
  }
}

type Fields = { readonly [name: string]: Encodable | undefined };

/** The queries that `bittorrent-dht` answers. */
type PackageQuery = Extract<QueryBody, { method: 'ping' | 'find_node' }>;

/** The arguments in the form that `bittorrent-dht` expects, as copies, so that it does not keep whole datagrams in memory. */
function plainArguments(sender: Uint8Array, body: PackageQuery): object {
  const id = Buffer.from(sender);
  return body.method === 'ping' ? { id } : { id, target: Buffer.from(body.target) };
}

function isPlainQuery(query: object): query is PlainQuery {
  return 'checked' in query;
}

function isContact(node: NodeAddress): node is NodeContact {
  return 'id' in node;
}
