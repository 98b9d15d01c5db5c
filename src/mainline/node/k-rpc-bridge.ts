import { EventEmitter } from 'node:events';
import KRpc from 'k-rpc';
import { throwLater } from '../../async/throw-later.ts';
import type { NodeAddress } from '../dht-node.ts';
import type { AskOutcome, KrpcSocket } from '../socket/krpc-socket.ts';
import { writeCompactNodes } from '../wire/compact-nodes.ts';
import type { OutgoingQuery } from '../wire/krpc-encode.ts';
import type { ReplyMessage } from '../wire/krpc-message.ts';

/** A reply as `k-rpc` and `bittorrent-dht` read it. It is made of checked fields only. */
interface PlainReply {
  readonly r: { readonly id: Buffer; readonly nodes: Buffer; readonly token?: Buffer };
}

type QueryCallback = (error: Error | null, reply: PlainReply | null, from: object) => void;

/** Whom `k-rpc` asks: a contact of its table with an id, or a bootstrap address without. */
interface Peer extends NodeAddress {
  readonly id?: Uint8Array;
  readonly token?: Uint8Array | null;
}

/**
 * Shows a {@link KrpcSocket} to `k-rpc` in the shape of a `k-rpc-socket`. What a table is filled and kept with goes this
 * way; lookups and puts of our own do not, so they never wait in its queue.
 */
export class KRpcBridge extends EventEmitter {
  /** Queries of `k-rpc` without an answer yet; it reads this. */
  inflight = 0;
  readonly #socket: KrpcSocket;

  /** Takes the socket that does the work. */
  constructor(socket: KrpcSocket) {
    super();
    this.#socket = socket;
    // k-rpc puts whoever replies into its table; it reads nothing but the id.
    socket.listenToReplies((reply, from) =>
      this.emit('response', { r: { id: Buffer.from(reply.id) } }, { ...from, address: from.host }),
    );
  }

  /** Sends a query for `k-rpc`. */
  query(peer: Peer, query: OutgoingQuery, done: QueryCallback = () => {}): void {
    this.inflight++;
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

/** What `k-rpc` gets: an error whose code tells it whether to drop the node from its table, or a reply. */
function translate(outcome: AskOutcome, peer: Peer): { error: Error | null; reply: PlainReply | null } {
  switch (outcome.kind) {
    case 'reply': {
      const { id } = outcome.reply;
      if (peer.id !== undefined && !Buffer.from(peer.id).equals(id)) return failure('EUNEXPECTEDNODE');
      return { error: null, reply: plainReply(outcome.reply) };
    }
    case 'silent':
      // While nobody answers, no single node is to blame, and dropping them would leave no way back.
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

/** Ids and tokens are copied: the table keeps them long after the datagram. */
function plainReply(reply: ReplyMessage): PlainReply {
  const token = reply.token === undefined ? undefined : Buffer.from(reply.token);
  return {
    r: {
      id: Buffer.from(reply.id),
      nodes: writeCompactNodes(reply.nodes),
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
 * A `k-rpc` whose answers to others go through a {@link Responder}, because as it comes it would send its whole table.
 */
export class BoundedKRpc extends KRpc {
  /** Takes the answers; without one, nothing is answered. */
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
