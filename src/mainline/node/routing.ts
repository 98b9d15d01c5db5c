import { Client as Dht } from 'bittorrent-dht';
import type { Contact } from 'k-rpc';
import { parseIpv4 } from '../addresses.ts';
import type { NodeAddress } from '../dht-node.ts';
import type { KrpcSocket } from '../socket/krpc-socket.ts';
import { K } from '../traversal/closest.ts';
import type { NodeContact } from '../wire/compact-nodes.ts';
import { isSecureNodeId, type RandomBytes, secureNodeId } from '../wire/node-id.ts';
import { BoundedKRpc, KRpcBridge } from './k-rpc-bridge.ts';

/** Maximum number of open queries that check the nodes of the table. */
const TABLE_CONCURRENCY = 64;
/** A node is removed from the table after this number of unanswered queries in a row. BEP 5: "it is suggested to try once more before discarding". */
const MAX_SILENCES = 2;

/** Options of {@link Routing}. */
export interface RoutingOptions {
  readonly socket: KrpcSocket;
  readonly id: Uint8Array;
  readonly randomBytes: RandomBytes;
  readonly onFault: (error: unknown) => void;
}

/**
 * Our node id, the table of live nodes, and the `bittorrent-dht` node that maintains the table and answers queries about
 * nodes.
 */
export class Routing {
  /** Passes queries of others to `bittorrent-dht`, as an event. */
  readonly rpc: BoundedKRpc;
  readonly #dht: Dht;
  readonly #randomBytes: RandomBytes;
  readonly #silences = new WeakMap<Contact, number>();

  /** Creates a `bittorrent-dht` node that uses the socket. Sends nothing yet. */
  constructor(options: RoutingOptions) {
    this.#randomBytes = options.randomBytes;
    const bridge = new KRpcBridge(options.socket);
    bridge.refresh = (id) => this.#refresh(id);
    this.rpc = new BoundedKRpc({
      id: Buffer.from(options.id),
      krpcSocket: bridge,
      bootstrap: [], // Maintenance does it, with our own traversals
      concurrency: TABLE_CONCURRENCY,
      k: K,
    });
    this.#dht = new Dht({
      krpc: this.rpc,
      bootstrap: false,
    });
    // An EventEmitter without a listener for 'error' throws.
    this.#dht.on('error', options.onFault);
    this.#dht.on('warning', options.onFault);
  }

  /** Our node id, 20 bytes. */
  get id(): Buffer {
    return this.rpc.id;
  }

  /** Nodes in the table. */
  get size(): number {
    return this.rpc.nodes.count();
  }

  /** Adds nodes to the table as if they had just answered: at most 20 of those that share a number of bits with our id. */
  fill(nodes: readonly NodeContact[]): void {
    const seen = Date.now();
    // Many tables in one thread share the octets of an id.
    for (const { id, host, port } of nodes)
      this.rpc.nodes.add({ id: Buffer.isBuffer(id) ? id : Buffer.from(id), host, port, seen });
  }

  /** Calls `listener` for each node that is added to the table. */
  onNode(listener: () => void): void {
    this.rpc.on('node', listener);
  }

  /** Whether a node with this id is in the table. */
  has(id: Uint8Array): boolean {
    return this.rpc.nodes.get(id) !== null;
  }

  /** The nodes of the table closest to `target` (20 bytes), closest first. */
  closest(target: Uint8Array, count: number): readonly NodeContact[] {
    return this.rpc.nodes.closest(target, count);
  }

  /** At most `count` addresses of the table, the most recent to answer first. */
  recent(count: number): readonly NodeAddress[] {
    const contacts = this.rpc.nodes.toArray().sort((one, other) => (other.seen ?? 0) - (one.seen ?? 0));
    return contacts.slice(0, count).map(({ host, port }) => ({ host, port }));
  }

  /** A node answered: what its silences were is forgotten, and it is as fresh as it can be. Whether it is in the table. */
  #refresh(id: Uint8Array): boolean {
    const contact = this.rpc.nodes.get(id);
    if (contact === null) return false;
    contact.seen = Date.now();
    this.#silences.delete(contact);
    return true;
  }

  /** Records that a node did not answer while others did. */
  noteSilence(id: Uint8Array): void {
    const contact = this.rpc.nodes.get(id);
    if (contact === null) return;
    const silences = (this.#silences.get(contact) ?? 0) + 1;
    this.#silences.set(contact, silences);
    if (silences >= MAX_SILENCES) this.rpc.nodes.remove(id);
  }

  /**
   * Replaces our id by one that fits our external address, unless ours does, and sorts the table again. BEP 42: a node that
   * learns of another address "SHOULD consider restarting its DHT node with a new node ID".
   */
  fitIdTo(externalHost: string): void {
    const address = parseIpv4(externalHost);
    if (address === undefined || isSecureNodeId(this.id, address)) return;
    const contacts = this.rpc.nodes.toArray();
    this.rpc.id = secureNodeId(address, this.#randomBytes);
    this.rpc.clear();
    this.#dht.nodeId = this.rpc.id;
    this.#dht.nodes = this.rpc.nodes;
    this.#dht.updateBucketTimestamp();
    for (const contact of contacts) this.rpc.nodes.add(contact);
  }

  /** Ends `bittorrent-dht` and closes the socket. */
  close(): Promise<void> {
    return new Promise((done) => this.#dht.destroy(done));
  }
}
