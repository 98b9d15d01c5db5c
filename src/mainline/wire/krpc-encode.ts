import type { NodeAddress } from '../dht-node.ts';
import { type Encodable, encodeBencode } from './bencode-write.ts';
import { writeCompactAddress } from './compact-nodes.ts';

/** Our client version: two letters and two numbers, as BEP 20 has them for peers. "PD", version 0.1. */
const CLIENT_VERSION = Buffer.from([0x50, 0x44, 0, 1]);

/** A query to send: its method and its arguments, including the `id` of the sender. */
export interface OutgoingQuery {
  readonly q: string;
  readonly a: { readonly [name: string]: Encodable | undefined };
}

/**
 * The bytes of a query (BEP 5). `readOnly` adds the flag of BEP 43: "In each outgoing query message the read-only DHT node
 * places a 'ro' key in the top-level message dictionary and sets its value to 1".
 */
export function encodeQuery(transaction: Uint8Array, query: OutgoingQuery, readOnly: boolean): Buffer {
  return encodeBencode({
    t: transaction,
    y: 'q',
    q: query.q,
    a: query.a,
    v: CLIENT_VERSION,
    ro: readOnly ? 1 : undefined,
  });
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
