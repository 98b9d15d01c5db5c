import { KEY_LENGTH, SIGNATURE_LENGTH } from '../../bep44/ed25519-rules.ts';
import { MAX_SEQ, MAX_VALUE_LENGTH } from '../../bep44/mutable-item.ts';
import { acceptsHost, formatIpv4, type NetworkKind } from '../addresses.ts';
import type { NodeAddress } from '../dht-node.ts';
import { type Bencoded, type BencodedDictionary, BencodeError, decodeBencode } from './bencode-read.ts';
import { latin1 } from './bytes.ts';
import { COMPACT_NODE_LENGTH, CompactNodes, ID_LENGTH } from './compact-nodes.ts';
import type { KrpcMessage, QueryBody, Stored } from './krpc-message.ts';
import { readUsualForm } from './usual-form.ts';

/**
 * Why a datagram is not a valid KRPC message. A closed list.
 *
 * - `too-large`: over 8192 bytes. - `not-bencode`: see {@link BencodeError}. - `not-a-message`: not a dictionary, or `y` is
 *   not q, r or e.
 * - `transaction`: `t` is not a byte string of 1 to 32 bytes. - `read-only`: `ro` is not an integer.
 * - `method`: `q` is not a byte string. - `arguments`: `a` or `r` is not a dictionary.
 * - `node-id`, `target`, `nodes`, `token`, `key`, `signature`, `seq`, `cas`, `salt`, `value`, `port`: this field is missing but
 *   required, or has the wrong type, length or range. - `error`: `e` is not a list that begins with a code.
 */
export type MalformedReason =
  | 'too-large'
  | 'not-bencode'
  | 'not-a-message'
  | 'transaction'
  | 'read-only'
  | 'method'
  | 'arguments'
  | 'node-id'
  | 'target'
  | 'nodes'
  | 'token'
  | 'key'
  | 'signature'
  | 'seq'
  | 'cas'
  | 'salt'
  | 'value'
  | 'port'
  | 'error';

/** A checked message; or why the datagram is not one, and the type and transaction id that it has, if they could be read. */
export type DecodedDatagram =
  | { readonly kind: 'message'; readonly message: KrpcMessage }
  | {
      readonly kind: 'malformed';
      readonly reason: MalformedReason;
      /** Present when the datagram has a type and a transaction id, so that it can be answered or matched. */
      readonly claim?: { readonly type: 'query' | 'answer'; readonly transaction: Uint8Array };
    };

/**
 * Maximum length of a datagram. A reply with an item and 20 nodes has about 1900 bytes, one of webtorrent with its whole
 * table up to 6300.
 */
export const MAX_DATAGRAM_LENGTH = 8192;
/** BEP 5: "encoded as a short string of binary numbers, typically 2 characters". A longer one would only make our answers longer. */
const MAX_TRANSACTION_LENGTH = 32;
const MAX_TOKEN_LENGTH = 255;

/** Decodes and checks one datagram. Never throws; takes time linear in the length. */
export function decodeDatagram(datagram: Uint8Array, network: NetworkKind): DecodedDatagram {
  if (datagram.length > MAX_DATAGRAM_LENGTH) return { kind: 'malformed', reason: 'too-large' };
  const usual = readUsualForm(datagram, network);
  if (usual !== undefined) return { kind: 'message', message: usual };
  const message = readDictionary(datagram);
  if (message === undefined) return { kind: 'malformed', reason: 'not-bencode' };
  const type = readType(message);
  if (type === undefined) return { kind: 'malformed', reason: 'not-a-message' };
  const transaction = message.get('t');
  if (!isBytes(transaction, 1, MAX_TRANSACTION_LENGTH)) return { kind: 'malformed', reason: 'transaction' };
  try {
    return { kind: 'message', message: READERS[type](message, transaction, network) };
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    const claim = { type: type === 'q' ? 'query' : 'answer', transaction } as const;
    return { kind: 'malformed', reason: error.reason, claim };
  }
}

type MessageType = 'q' | 'r' | 'e';
type MessageReader = (
  message: BencodedDictionary,
  transaction: Uint8Array,
  network: NetworkKind,
) => KrpcMessage;

const READERS: Readonly<Record<MessageType, MessageReader>> = {
  q: (message, transaction) => {
    const method = required(message, 'q', isAnyBytes, 'method');
    const a = required(message, 'a', isDictionary, 'arguments');
    return {
      kind: 'query',
      transaction,
      readOnly: (optional(message, 'ro', isInteger, 'read-only') ?? 0n) !== 0n,
      id: required(a, 'id', isId, 'node-id'),
      body: readQueryBody(latin1(method), a),
    };
  },
  r: (message, transaction, network) => {
    const r = required(message, 'r', isDictionary, 'arguments');
    const token = optional(r, 'token', isToken, 'token');
    const observed = readObserved(message, network);
    return {
      kind: 'reply',
      transaction,
      id: required(r, 'id', isId, 'node-id'),
      nodes: new CompactNodes(optional(r, 'nodes', isCompactNodes, 'nodes') ?? EMPTY, network),
      ...(token !== undefined && { token }),
      stored: readStored(r),
      ...(observed !== undefined && { observed }),
    };
  },
  e: (message, transaction) => {
    const [code, text] = required(message, 'e', isList, 'error');
    const known = isInteger(code) && code >= 0n && code <= 999n;
    if (!known || (text !== undefined && !isAnyBytes(text))) throw new Malformed('error');
    return { kind: 'error', transaction, code: Number(code) };
  },
};

function readQueryBody(method: string, a: BencodedDictionary): QueryBody {
  switch (method) {
    case 'ping':
      return { method };
    case 'find_node':
      return { method, target: required(a, 'target', isId, 'target') };
    case 'get_peers':
      return { method, infoHash: required(a, 'info_hash', isId, 'target') };
    case 'get': {
      const seq = optional(a, 'seq', isInteger, 'seq');
      return { method, target: required(a, 'target', isId, 'target'), ...(seq !== undefined && { seq }) };
    }
    case 'put':
      return readPut(a);
    case 'announce_peer':
      return readAnnounce(a);
    default: {
      const target = a.get('target') ?? a.get('info_hash');
      return { method: 'unknown', ...(isId(target) && { target }) };
    }
  }
}

function readPut(a: BencodedDictionary): QueryBody {
  const token = required(a, 'token', isToken, 'token');
  const value = required(a, 'v', isAnyBytes, 'value');
  if (!a.has('k') && !a.has('sig')) return { method: 'put', token, value };
  const cas = optional(a, 'cas', isInteger, 'cas');
  const salt = optional(a, 'salt', isAnyBytes, 'salt');
  const signed = {
    key: required(a, 'k', isKey, 'key'),
    signature: required(a, 'sig', isSignature, 'signature'),
    seq: required(a, 'seq', isSeq, 'seq'),
    ...(cas !== undefined && { cas }),
    ...(salt !== undefined && { salt }),
  };
  return { method: 'put', token, value, signed };
}

/** BEP 5: with `implied_port` "present and non-zero, the port argument should be ignored". */
function readAnnounce(a: BencodedDictionary): QueryBody {
  const infoHash = required(a, 'info_hash', isId, 'target');
  const token = required(a, 'token', isToken, 'token');
  const isImplied = (optional(a, 'implied_port', isInteger, 'port') ?? 0n) !== 0n;
  const port = isImplied ? undefined : Number(required(a, 'port', isPort, 'port'));
  return { method: 'announce_peer', infoHash, port, token };
}

function readStored(r: BencodedDictionary): Stored {
  const seq = optional(r, 'seq', isSeq, 'seq');
  const key = optional(r, 'k', isKey, 'key');
  const signature = optional(r, 'sig', isSignature, 'signature');
  const value = r.get('v');
  if (value === undefined) return seq === undefined ? { kind: 'nothing' } : { kind: 'seq', seq };
  // BEP 44: v "is allowed to be any bencoded type (list, dict, string or integer)".
  if (!isBytes(value, 0, MAX_VALUE_LENGTH)) return { kind: 'unusable' };
  if (key === undefined || signature === undefined || seq === undefined) return { kind: 'unusable' };
  return { kind: 'mutable', key, seq, signature, value };
}

/** BEP 42: "a compact binary representation of the requestor's IP and port". Other lengths (IPv6) are ignored. */
function readObserved(message: BencodedDictionary, network: NetworkKind): NodeAddress | undefined {
  const ip = message.get('ip');
  if (!isBytes(ip, 6, 6)) return undefined;
  const view = new DataView(ip.buffer, ip.byteOffset, ip.byteLength);
  if (!acceptsHost(network, view.getUint32(0))) return undefined;
  return { host: formatIpv4(view.getUint32(0)), port: view.getUint16(4) };
}

function readDictionary(datagram: Uint8Array): BencodedDictionary | undefined {
  try {
    const value = decodeBencode(datagram);
    return isDictionary(value) ? value : undefined;
  } catch (error) {
    if (error instanceof BencodeError) return undefined;
    throw error;
  }
}

function readType(message: BencodedDictionary): MessageType | undefined {
  const y = message.get('y');
  if (!isBytes(y, 1, 1)) return undefined;
  const type = String.fromCharCode(y[0] ?? 0);
  return type === 'q' || type === 'r' || type === 'e' ? type : undefined;
}

/** Thrown by a reader at the first invalid field, and caught in this file. */
class Malformed extends Error {
  readonly reason: MalformedReason;

  constructor(reason: MalformedReason) {
    super(reason);
    this.reason = reason;
  }
}

type Guard<T extends Bencoded> = (value: Bencoded | undefined) => value is T;

function required<T extends Bencoded>(
  from: BencodedDictionary,
  name: string,
  guard: Guard<T>,
  reason: MalformedReason,
): T {
  const value = from.get(name);
  if (!guard(value)) throw new Malformed(reason);
  return value;
}

function optional<T extends Bencoded>(
  from: BencodedDictionary,
  name: string,
  guard: Guard<T>,
  reason: MalformedReason,
): T | undefined {
  return from.has(name) ? required(from, name, guard, reason) : undefined;
}

function isBytes(value: Bencoded | undefined, least: number, most: number): value is Uint8Array {
  return value instanceof Uint8Array && value.length >= least && value.length <= most;
}

const EMPTY = new Uint8Array(0);
const isAnyBytes: Guard<Uint8Array> = (value) => value instanceof Uint8Array;
const isId: Guard<Uint8Array> = (value): value is Uint8Array => isBytes(value, ID_LENGTH, ID_LENGTH);
const isKey: Guard<Uint8Array> = (value): value is Uint8Array => isBytes(value, KEY_LENGTH, KEY_LENGTH);
const isSignature: Guard<Uint8Array> = (value): value is Uint8Array =>
  isBytes(value, SIGNATURE_LENGTH, SIGNATURE_LENGTH);
const isToken: Guard<Uint8Array> = (value): value is Uint8Array => isBytes(value, 1, MAX_TOKEN_LENGTH);
const isCompactNodes: Guard<Uint8Array> = (value): value is Uint8Array =>
  value instanceof Uint8Array && value.length % COMPACT_NODE_LENGTH === 0;
const isInteger: Guard<bigint> = (value) => typeof value === 'bigint';
const isSeq: Guard<bigint> = (value): value is bigint =>
  typeof value === 'bigint' && value >= 0n && value <= MAX_SEQ;
const isPort: Guard<bigint> = (value): value is bigint =>
  typeof value === 'bigint' && value > 0n && value < 65_536n;
const isDictionary: Guard<BencodedDictionary> = (value): value is BencodedDictionary => value instanceof Map;
const isList: Guard<readonly Bencoded[]> = (value): value is readonly Bencoded[] => Array.isArray(value);
