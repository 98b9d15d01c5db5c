import { KEY_LENGTH, SIGNATURE_LENGTH } from '../../bep44/ed25519-rules.ts';
import { MAX_VALUE_LENGTH } from '../../bep44/mutable-item.ts';
import { acceptsHost, formatIpv4, type NetworkKind } from '../addresses.ts';
import type { NodeAddress } from '../dht-node.ts';
import { COMPACT_NODE_LENGTH, CompactNodes, ID_LENGTH } from './compact-nodes.ts';
import type { KrpcMessage, QueryBody, QueryMessage, ReplyMessage, Stored } from './krpc-message.ts';

/** Maximum number of fields of one dictionary; a reply of any program in use has at most ten. */
const MAX_FIELDS = 32;
/** Octets of a transaction id and of a write token: see `krpc-decode.ts`. */
const MAX_TRANSACTION_LENGTH = 32;
const MAX_TOKEN_LENGTH = 255;
const MAX_METHOD_LENGTH = 32;
/** Octets of the longest key of a dictionary that is read here, as a number below 2^48. */
const MAX_KEY_LENGTH = 6;
/** A UDP payload has fewer than 65,536 bytes. */
const MAX_LENGTH_DIGITS = 5;

const INTEGER = 0x69; // i
const DICTIONARY = 0x64; // d
const END = 0x65; // e
const COLON = 0x3a; // :
const ZERO = 0x30;

/**
 * A reply, or a query for nodes or for an item, in the form in which nearly all programs write it: the keys of each dictionary in
 * order, as BEP 3 wants them, and no lists. It is read in one pass without a map, because a lookup reads dozens of them. Undefined
 * for everything else, valid or not: `decodeDatagram` reads that field by field. Never throws.
 */
export function readUsualForm(datagram: Uint8Array, network: NetworkKind): KrpcMessage | undefined {
  const reader = new Reader(datagram);
  let transaction: Uint8Array | undefined;
  let observed: NodeAddress | undefined;
  let reply: ReplyBody | undefined;
  let query: QueryArguments | undefined;
  let method: UsualMethod | undefined;
  let type = 0;
  let readOnly = false;
  if (!reader.enter()) return undefined;
  for (let last = 0, fields = 0; !reader.leave(); fields++) {
    const key = reader.key();
    if (key <= last || fields === MAX_FIELDS) return undefined;
    last = key;
    switch (key) {
      case keys.r:
        reply = readReplyBody(reader, network);
        if (reply === undefined) return undefined;
        break;
      case keys.a:
        query = readArguments(reader);
        if (query === undefined) return undefined;
        break;
      case keys.t:
        if (!reader.text(1, MAX_TRANSACTION_LENGTH)) return undefined;
        transaction = reader.taken();
        break;
      case keys.y:
        if (!reader.text(1, 1)) return undefined;
        type = reader.first();
        break;
      case keys.q:
        if (!reader.text(1, MAX_METHOD_LENGTH)) return undefined;
        method = readMethod(reader);
        break;
      case keys.ro: {
        const flag = reader.integer();
        if (flag < 0) return undefined;
        readOnly = flag !== 0;
        break;
      }
      case keys.ip:
        if (!reader.text(0, datagram.length)) return undefined;
        if (reader.end - reader.start === 6) observed = observedAt(datagram, reader.start, network);
        break;
      default:
        if (!reader.skip()) return undefined;
    }
  }
  if (transaction === undefined) return undefined;
  if (type === TYPE_REPLY && reply !== undefined) {
    const message: ReplyMessage = { kind: 'reply', transaction, ...reply, observed };
    return message;
  }
  return type === TYPE_QUERY ? queryOf(method, query, transaction, readOnly) : undefined;
}

type UsualMethod = 'ping' | 'find_node' | 'get';

function readMethod(reader: Reader): UsualMethod | undefined {
  if (reader.isText('get')) return 'get';
  if (reader.isText('find_node')) return 'find_node';
  return reader.isText('ping') ? 'ping' : undefined;
}

const TYPE_REPLY = 0x72; // r
const TYPE_QUERY = 0x71; // q

type ReplyBody = Pick<ReplyMessage, 'id' | 'nodes' | 'token' | 'stored'>;

function readReplyBody(reader: Reader, network: NetworkKind): ReplyBody | undefined {
  let id: Uint8Array | undefined;
  let nodes: Uint8Array | undefined;
  let token: Uint8Array | undefined;
  let key: Uint8Array | undefined;
  let signature: Uint8Array | undefined;
  let value: Uint8Array | undefined;
  let seq = -1;
  if (!reader.enter()) return undefined;
  for (let last = 0, fields = 0; !reader.leave(); fields++) {
    const name = reader.key();
    if (name <= last || fields === MAX_FIELDS) return undefined;
    last = name;
    switch (name) {
      case keys.id:
        if (!reader.text(ID_LENGTH, ID_LENGTH)) return undefined;
        id = reader.taken();
        break;
      case keys.nodes:
        if (!reader.text(0, MAX_DATAGRAM) || (reader.end - reader.start) % COMPACT_NODE_LENGTH !== 0)
          return undefined;
        nodes = reader.taken();
        break;
      case keys.token:
        if (!reader.text(1, MAX_TOKEN_LENGTH)) return undefined;
        token = reader.taken();
        break;
      case keys.k:
        if (!reader.text(KEY_LENGTH, KEY_LENGTH)) return undefined;
        key = reader.taken();
        break;
      case keys.sig:
        if (!reader.text(SIGNATURE_LENGTH, SIGNATURE_LENGTH)) return undefined;
        signature = reader.taken();
        break;
      case keys.v:
        if (!reader.text(0, MAX_VALUE_LENGTH)) return undefined;
        value = reader.taken();
        break;
      case keys.seq:
        seq = reader.integer();
        if (seq < 0) return undefined;
        break;
      default:
        if (!reader.skip()) return undefined;
    }
  }
  if (id === undefined) return undefined;
  const stored = storedOf(seq, key, signature, value);
  return { id, nodes: new CompactNodes(nodes ?? EMPTY, network), token, stored };
}

const EMPTY = new Uint8Array(0);
const MAX_DATAGRAM = 65_535;
const nothingStored: Stored = { kind: 'nothing' };
const unusable: Stored = { kind: 'unusable' };

function storedOf(
  seq: number,
  key: Uint8Array | undefined,
  signature: Uint8Array | undefined,
  value: Uint8Array | undefined,
): Stored {
  if (value === undefined) return seq < 0 ? nothingStored : { kind: 'seq', seq: BigInt(seq) };
  if (key === undefined || signature === undefined || seq < 0) return unusable;
  return { kind: 'mutable', key, seq: BigInt(seq), signature, value };
}

interface QueryArguments {
  readonly id: Uint8Array;
  readonly target: Uint8Array | undefined;
  /** −1 if there is none. */
  readonly seq: number;
}

function readArguments(reader: Reader): QueryArguments | undefined {
  let id: Uint8Array | undefined;
  let target: Uint8Array | undefined;
  let seq = -1;
  if (!reader.enter()) return undefined;
  for (let last = 0, fields = 0; !reader.leave(); fields++) {
    const name = reader.key();
    if (name <= last || fields === MAX_FIELDS) return undefined;
    last = name;
    switch (name) {
      case keys.id:
        if (!reader.text(ID_LENGTH, ID_LENGTH)) return undefined;
        id = reader.taken();
        break;
      case keys.target:
        if (!reader.text(ID_LENGTH, ID_LENGTH)) return undefined;
        target = reader.taken();
        break;
      case keys.seq:
        seq = reader.integer();
        if (seq < 0) return undefined;
        break;
      default:
        if (!reader.skip()) return undefined;
    }
  }
  return id && { id, target, seq };
}

function queryOf(
  method: UsualMethod | undefined,
  query: QueryArguments | undefined,
  transaction: Uint8Array,
  readOnly: boolean,
): QueryMessage | undefined {
  if (query === undefined) return undefined;
  const { id, target, seq } = query;
  const body = bodyOf(method, target, seq);
  return body && { kind: 'query', transaction, readOnly, id, body };
}

function bodyOf(
  method: UsualMethod | undefined,
  target: Uint8Array | undefined,
  seq: number,
): QueryBody | undefined {
  if (method === 'ping') return { method };
  if (target === undefined || method === undefined) return undefined;
  if (method === 'find_node') return { method, target };
  return seq < 0 ? { method: 'get', target } : { method: 'get', target, seq: BigInt(seq) };
}

function observedAt(datagram: Uint8Array, at: number, network: NetworkKind): NodeAddress | undefined {
  const view = new DataView(datagram.buffer, datagram.byteOffset + at, 6);
  const address = view.getUint32(0);
  return acceptsHost(network, address) ? { host: formatIpv4(address), port: view.getUint16(4) } : undefined;
}

/** A key of a dictionary as a number that sorts as its octets do, if it has at most six and none is zero. */
function keyOf(text: string): number {
  let key = 0;
  for (let at = 0; at < MAX_KEY_LENGTH; at++) key = key * 256 + (at < text.length ? text.charCodeAt(at) : 0);
  return key;
}

const keys = {
  ...{ a: keyOf('a'), id: keyOf('id'), ip: keyOf('ip'), k: keyOf('k'), nodes: keyOf('nodes'), q: keyOf('q') },
  ...{ r: keyOf('r'), ro: keyOf('ro'), seq: keyOf('seq'), sig: keyOf('sig'), t: keyOf('t'), v: keyOf('v') },
  ...{ target: keyOf('target'), token: keyOf('token'), y: keyOf('y') },
};

/** Reads bencode octet by octet. A method that does not find what it reads says so, and then reading is over. */
class Reader {
  readonly #input: Uint8Array;
  #at = 0;
  /** Where the string that was read last begins and ends. */
  start = 0;
  end = 0;

  constructor(input: Uint8Array) {
    this.#input = input;
  }

  /** Whether a dictionary begins here. */
  enter(): boolean {
    return this.#input[this.#at++] === DICTIONARY;
  }

  /** Whether the dictionary ends here. */
  leave(): boolean {
    if (this.#input[this.#at] !== END) return false;
    this.#at++;
    return true;
  }

  /** The key here, see `keyOf`; 0 if there is none, or none of that form. */
  key(): number {
    if (!this.text(1, MAX_KEY_LENGTH)) return 0;
    let key = 0;
    for (let at = this.start; at < this.end; at++) {
      const octet = this.#input[at] as number;
      if (octet === 0) return 0;
      key = key * 256 + octet;
    }
    for (let length = this.end - this.start; length < MAX_KEY_LENGTH; length++) key *= 256;
    return key;
  }

  /** Whether a string of such a length is here. */
  text(least: number, most: number): boolean {
    const input = this.#input;
    const from = this.#at;
    let at = from;
    let length = 0;
    for (let digit = digitAt(input, at); digit >= 0; digit = digitAt(input, ++at))
      length = length * 10 + digit;
    const digits = at - from;
    if (digits === 0 || digits > MAX_LENGTH_DIGITS || input[at] !== COLON) return false;
    if (digits > 1 && input[from] === ZERO) return false;
    if (length < least || length > most || length >= input.length - at) return false;
    this.start = at + 1;
    this.end = this.start + length;
    this.#at = this.end;
    return true;
  }

  /** Whether the string that was read last is this one. */
  isText(text: string): boolean {
    if (this.end - this.start !== text.length) return false;
    for (let at = 0; at < text.length; at++)
      if (this.#input[this.start + at] !== text.charCodeAt(at)) return false;
    return true;
  }

  /** The string that was read last, a view. */
  taken(): Uint8Array {
    return this.#input.subarray(this.start, this.end);
  }

  /** Its first octet. */
  first(): number {
    return this.#input[this.start] ?? 0;
  }

  /** The integer here; −1 if there is none, or none from 0 to 2^53 − 1. */
  integer(): number {
    const input = this.#input;
    if (input[this.#at] !== INTEGER) return -1;
    const from = this.#at + 1;
    let at = from;
    let value = 0;
    for (let digit = digitAt(input, at); digit >= 0; digit = digitAt(input, ++at)) value = value * 10 + digit;
    const digits = at - from;
    if (digits === 0 || (digits > 1 && input[from] === ZERO) || input[at] !== END) return -1;
    if (value > Number.MAX_SAFE_INTEGER) return -1;
    this.#at = at + 1;
    return value;
  }

  /** Whether a string or an integer is here, which nobody reads. */
  skip(): boolean {
    return this.#input[this.#at] === INTEGER ? this.integer() >= 0 : this.text(0, MAX_DATAGRAM);
  }
}

/** The value of a digit, or −1. */
function digitAt(input: Uint8Array, at: number): number {
  const digit = (input[at] ?? 0) - ZERO;
  return digit <= 9 ? digit : -1;
}
