import { EventEmitter } from 'node:events';
import KRpc from 'k-rpc';
import { throwLater } from '../../async/throw-later.ts';
import type { NodeAddress } from '../dht-node.ts';
import type { AskOutcome, KrpcSocket } from '../socket/krpc-socket.ts';
import type { Encodable } from '../wire/bencode-write.ts';
import { writeCompactNodes } from '../wire/compact-nodes.ts';
import { OutgoingQuery } from '../wire/krpc-encode.ts';
import type { ReplyMessage } from '../wire/krpc-message.ts';

/** A reply in the form that `k-rpc` and `bittorrent-dht` expect, made only of checked fields. */
interface PlainReply {
  readonly r: { readonly id: Buffer; readonly nodes: Buffer; readonly token?: Buffer };
}

/** A query in the form of `k-rpc`, which adds our id to the arguments. */
interface PlainQuery {
  readonly q: string;
  readonly a: { readonly [name: string]: Encodable | undefined };
}

type QueryCallback = (error: Error | null, reply: PlainReply | null, from: object) => void;

/** A node that `k-rpc` queries: a contact of its table with an id, or a bootstrap address without one. */
interface Peer extends NodeAddress {
  readonly id?: Uint8Array;
  readonly token?: Uint8Array | null;
}

/**
 * Adapts a {@link KrpcSocket} to the interface of `k-rpc-socket`, for `k-rpc`. Only queries that maintain the routing table go
 * through it. Our lookups and puts do not, so they never wait in its queue.
 */
export class KRpcBridge extends EventEmitter {
  /** Open queries of `k-rpc`, which reads this. */
  inflight = 0;
  /** Notes that the node with this id replied, and returns whether it is in the table; then `k-rpc` is not told. */
  refresh: (id: Uint8Array) => boolean = () => false;
  readonly #socket: KrpcSocket;

  /** An adapter of `socket`. */
  constructor(socket: KrpcSocket) {
    super();
    this.#socket = socket;
    // k-rpc adds every node that replies to its table; it reads only the id.
    socket.listenToReplies((reply, from) => {
      if (this.refresh(reply.id)) return;
      this.emit('response', { r: { id: Buffer.from(reply.id) } }, { ...from, address: from.host });
    });
  }

  /** Sends a query for `k-rpc`. */
  query(peer: Peer, { q, a }: PlainQuery, done: QueryCallback = () => {}): void {
    this.inflight++;
    const query = new OutgoingQuery(q, a);
    this.#socket.ask({ host: peer.host, port: peer.port }, query, (outcome) => {
      this.inflight--;
      const { error, reply } = translate(outcome, peer);
      done(error, reply, { ...peer, address: peer.host });
      this.emit('update');
      this.emit('postupdate');
    });
  }

  /** The bound address. */
  address(): { readonly port: number } {
    return { port: this.#socket.port };
  }

  /** Called when `bittorrent-dht` is destroyed. */
  destroy(done?: () => void): void {
    this.#socket.close().then(done, throwLater);
  }
}

/** The arguments for the callback of `k-rpc`: a reply, or an error whose code decides whether the node is dropped from the table. */
function translate(outcome: AskOutcome, peer: Peer): { error: Error | null; reply: PlainReply | null } {
  switch (outcome.kind) {
    case 'reply': {
      const { id } = outcome.reply;
      if (peer.id !== undefined && !Buffer.from(peer.id).equals(id)) return failure('EUNEXPECTEDNODE');
      return { error: null, reply: plainReply(outcome.reply) };
    }
    case 'silent':
      // While no node answers, the nodes are not the cause, and without them the network would not be found again.
      return failure(outcome.network === 'heard' ? 'ETIMEDOUT' : 'ENETUNREACH');
    case 'refused':
      return failure('EREFUSED');
    case 'malformed':
      return failure('EUNEXPECTEDNODE');
    case 'not-sent':
    case 'closed':
      return failure('ENETUNREACH');
  }
}

function failure(code: string): { error: Error; reply: null } {
  return { error: Object.assign(new Error(code), { code }), reply: null };
}

/** Ids and tokens are copied, because the table keeps them for long and the datagram must not stay in memory. */
function plainReply(reply: ReplyMessage): PlainReply {
  const token = reply.token === undefined ? undefined : Buffer.from(reply.token);
  return {
    r: {
      id: Buffer.from(reply.id),
      nodes: writeCompactNodes(reply.nodes.list()),
      ...(token !== undefined && { token }),
    },
  };
}

/** Sends the answers that `bittorrent-dht` gives to queries of others. */
export interface Responder {
  /** `nodes` are all nodes it knows, closest first. */
  respond(query: object, nodes: readonly NodeAddress[]): void;
  /** A refusal with a code of BEP 5 or BEP 44. */
  refuse(query: object, code: number, message: string): void;
}

/**
 * A `k-rpc` that answers through a {@link Responder}, because it would send its whole table otherwise.
 */
export class BoundedKRpc extends KRpc {
  /** Sends the answers; while undefined, queries are not answered. */
  responder: Responder | undefined;

  /** Called by `bittorrent-dht`. */
  override response(_peer: object, query: object, _r: object, nodes: readonly NodeAddress[] = []): void {
    this.responder?.respond(query, nodes);
  }

  /** Called by `bittorrent-dht`. */
  override error(_peer: object, query: object, [code, message]: readonly [number, string]): void {
    this.responder?.refuse(query, code, message);
  }
}
