import type { NodeAddress } from '../dht-node.ts';
import type { CompactNodes } from './compact-nodes.ts';

/**
 * A decoded datagram. The type and length of each field have been checked. The rest of the program sees only these fields.
 * Byte strings are views into the datagram.
 */
export type KrpcMessage = QueryMessage | ReplyMessage | ErrorMessage;

/** A query of another node (BEP 5, BEP 44). */
export interface QueryMessage {
  readonly kind: 'query';
  /** The transaction id as received, 1 to 32 bytes: the answer has the same. */
  readonly transaction: Uint8Array;
  /** BEP 43: the sender does not answer queries, so it must not be added to a routing table. */
  readonly readOnly: boolean;
  /** The node id of the sender, 20 bytes. */
  readonly id: Uint8Array;
  readonly body: QueryBody;
}

/** The method and its arguments. */
export type QueryBody =
  | { readonly method: 'ping' }
  | { readonly method: 'find_node'; readonly target: Uint8Array }
  | { readonly method: 'get_peers'; readonly infoHash: Uint8Array }
  | { readonly method: 'get'; readonly target: Uint8Array; readonly seq?: bigint }
  | PutBody
  | {
      readonly method: 'announce_peer';
      readonly infoHash: Uint8Array;
      /** 1 to 65535; undefined for the port that the query comes from. */
      readonly port: number | undefined;
      readonly token: Uint8Array;
    }
  /** Any other method, with its 20-byte `target` or `info_hash` if it has one. */
  | { readonly method: 'unknown'; readonly target?: Uint8Array };

/** A `put` of BEP 44 whose `v` is a byte string. */
export interface PutBody {
  readonly method: 'put';
  /** The write token that the sender was given, 1 to 255 bytes. */
  readonly token: Uint8Array;
  readonly value: Uint8Array;
  /** Absent when the item is immutable. */
  readonly signed?: {
    /** 32 bytes. */
    readonly key: Uint8Array;
    /** 64 bytes. */
    readonly signature: Uint8Array;
    /** 0 ≤ seq < 2^63. */
    readonly seq: bigint;
    readonly cas?: bigint;
    readonly salt?: Uint8Array;
  };
}

/** The answer to one of our queries. */
export interface ReplyMessage {
  readonly kind: 'reply';
  readonly transaction: Uint8Array;
  /** The node id of the sender, 20 bytes. */
  readonly id: Uint8Array;
  /** At most 32 nodes closer to the target, all with addresses that can exist on this network. */
  readonly nodes: CompactNodes;
  /** The write token, which a put requires, 1 to 255 bytes. */
  readonly token?: Uint8Array | undefined;
  readonly stored: Stored;
  /** BEP 42: our own address as the sender sees it. */
  readonly observed?: NodeAddress | undefined;
}

/** What a node holds under the target of a `get`. */
export type Stored =
  | { readonly kind: 'nothing' }
  /** It holds an item that is not newer than the `seq` asked with. */
  | { readonly kind: 'seq'; readonly seq: bigint }
  /** A mutable item: key 32 bytes, signature 64, value up to 1000, 0 ≤ seq < 2^63. It is not verified yet. */
  | {
      readonly kind: 'mutable';
      readonly key: Uint8Array;
      readonly seq: bigint;
      readonly signature: Uint8Array;
      readonly value: Uint8Array;
    }
  /** A value that is not a byte string, too long, or not mutable. It may be valid for another application, but we cannot use it. */
  | { readonly kind: 'unusable' };

/** An error in answer to one of our queries. */
export interface ErrorMessage {
  readonly kind: 'error';
  readonly transaction: Uint8Array;
  /** 0 to 999. */
  readonly code: number;
}
