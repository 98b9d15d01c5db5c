import type { NodeAddress } from '../dht-node.ts';
import { type Encodable, encodeBencode } from './bencode-write.ts';
import { writeCompactAddress } from './compact-nodes.ts';

/** Our client version: two letters and two numbers, as BEP 20 has them for peers. "PD", version 0.1. */
const CLIENT_VERSION = Buffer.from([0x50, 0x44, 0, 1]);

/** Rust mainline accepts only transaction ids of 4 bytes. */
export const TRANSACTION_LENGTH = 4;
/** Bytes of a query after its transaction id: our version and `1:y1:qe`. */
const AFTER_TRANSACTION = 16;

/** A query to send: its method and its arguments, including the `id` of the sender. A lookup sends the same one to many nodes. */
export class OutgoingQuery {
  readonly #q: string;
  readonly #a: { readonly [name: string]: Encodable | undefined };
  #encoded: { readonly readOnly: boolean; readonly bytes: Buffer } | undefined;

  constructor(q: string, a: { readonly [name: string]: Encodable | undefined }) {
    this.#q = q;
    this.#a = a;
  }

  /**
   * Its bytes (BEP 5), with a transaction id of 32 bits. `readOnly` adds the flag of BEP 43: "In each outgoing query message the
   * read-only DHT node places a 'ro' key in the top-level message dictionary and sets its value to 1".
   */
  encode(transaction: number, readOnly: boolean): Buffer {
    if (this.#encoded?.readOnly !== readOnly) {
      const [t, v, ro] = [Buffer.alloc(TRANSACTION_LENGTH), CLIENT_VERSION, readOnly ? 1 : undefined];
      this.#encoded = { readOnly, bytes: encodeBencode({ a: this.#a, q: this.#q, ro, t, v, y: 'q' }) };
    }
    // A copy, because the socket may still have the last one.
    const bytes = Buffer.from(this.#encoded.bytes);
    bytes.writeInt32BE(transaction, bytes.length - AFTER_TRANSACTION - TRANSACTION_LENGTH);
    return bytes;
  }
}

/**
 * The bytes of an answer to the query with that transaction id. BEP 42: "all DHT responses SHOULD include a top-level field
 * called ip, containing a compact binary representation of the requestor's IP and port".
 */
export function encodeReply(
  transaction: Uint8Array,
  r: { readonly [name: string]: Encodable | undefined },
  to: NodeAddress,
): Buffer {
  return encodeBencode({ t: transaction, y: 'r', r, v: CLIENT_VERSION, ip: writeCompactAddress(to) });
}

/** The bytes of an error message, with an error code of BEP 5 or BEP 44 and a short text. */
export function encodeError(transaction: Uint8Array, code: number, message: string, to: NodeAddress): Buffer {
  return encodeBencode({
    t: transaction,
    y: 'e',
    e: [code, message],
    v: CLIENT_VERSION,
    ip: writeCompactAddress(to),
  });
}
