import bencode from 'bencode';
import { type Bencoded, BencodeError, decodeBencode } from '../../../src/mainline/wire/bencode-read.ts';
import { encodeBencode } from '../../../src/mainline/wire/bencode-write.ts';
import { writeCompactNodes } from '../../../src/mainline/wire/compact-nodes.ts';
import { decodeDatagram } from '../../../src/mainline/wire/krpc-decode.ts';
import type { ReplyMessage } from '../../../src/mainline/wire/krpc-message.ts';
import { same, sameOctets } from '../check.ts';
import { mutate } from '../mutate.ts';
import type { Random } from '../random.ts';
import { type Plain, plainBencode, writePlain } from '../reference/bencode.ts';
import { isMessage, plainNodes } from '../reference/krpc.ts';
import type { FuzzTarget } from '../target.ts';

/**
 * Bencode is read as by two other readers and written as it was; a datagram is a message exactly when all its fields are as
 * the BEPs have them, and then it has those fields.
 */
export const krpc: FuzzTarget = {
  name: 'krpc',
  run(random) {
    const octets = input(random);
    const plain = plainBencode(octets);
    const read = orBencodeError(octets);
    same(read !== undefined, plain !== undefined, 'is bencode');
    if (read !== undefined && plain !== undefined) {
      sameOctets(Buffer.from(writePlain(plain), 'latin1'), Buffer.from(written(read), 'latin1'), 'values');
      if (random.chance(0.05)) checkOtherReader(octets, plain);
    }
    const network = random.pick(['public', 'test'] as const);
    const decoded = decodeDatagram(octets, network);
    const isValid = octets.length <= 8192 && plain instanceof Map && isMessage(plain);
    same(decoded.kind === 'message', isValid, `a message: ${Buffer.from(octets).toString('latin1')}`);
    if (decoded.kind !== 'message' || !(plain instanceof Map)) return;
    const { message } = decoded;
    same(latin1(message.transaction), plain.get('t') as string, 't');
    same(message.kind, { q: 'query', r: 'reply', e: 'error' }[plain.get('y') as 'q' | 'r' | 'e'], 'y');
    if (message.kind === 'reply') checkReply(message, plain, network);
    if (message.kind !== 'query') return;
    const { body, readOnly } = message;
    const a = plain.get('a') as ReadonlyMap<string, Plain>;
    same(readOnly, (plain.get('ro') ?? 0n) !== 0n, 'ro');
    if (body.method === 'get') same(body.seq, a.get('seq') as bigint | undefined, 'seq of get');
    if (body.method === 'put') {
      same(latin1(body.value), a.get('v') as string, 'v');
      same(body.signed?.seq, body.signed && (a.get('seq') as bigint), 'seq of put');
      same(body.signed?.cas, body.signed && (a.get('cas') as bigint | undefined), 'cas');
      same(body.signed?.salt && latin1(body.signed.salt), body.signed && (a.get('salt') as string), 'salt');
    }
  },
};

function checkReply(
  message: ReplyMessage,
  plain: ReadonlyMap<string, Plain>,
  network: 'public' | 'test',
): void {
  const r = plain.get('r') as ReadonlyMap<string, Plain>;
  same(latin1(message.id), r.get('id') as string, 'id');
  const token = message.token && latin1(message.token);
  same(token, r.get('token') as string | undefined, 'token');
  const compact = (r.get('nodes') ?? '') as string;
  const nodes = plainNodes(compact, network);
  same(latin1(writeCompactNodes(message.nodes.list())), nodes, 'nodes');
  const { stored } = message;
  const v = r.get('v');
  const hasAll = r.has('k') && r.has('sig') && r.has('seq') && typeof v === 'string' && v.length <= 1000;
  const kind = v !== undefined ? (hasAll ? 'mutable' : 'unusable') : r.has('seq') ? 'seq' : 'nothing';
  same(stored.kind, kind, 'what is stored');
  if (stored.kind === 'mutable') {
    same(latin1(stored.value), v as string, 'stored v');
    same(stored.seq, r.get('seq') as bigint, 'stored seq');
    same(latin1(stored.signature), r.get('sig') as string, 'stored sig');
    same(latin1(stored.key), r.get('k') as string, 'stored k');
  }
}

function orBencodeError(octets: Uint8Array): Bencoded | undefined {
  try {
    return decodeBencode(octets);
  } catch (error) {
    if (error instanceof BencodeError) return undefined;
    throw error;
  }
}

/** What was read, as bencode again. */
function written(value: Bencoded): string {
  if (value instanceof Uint8Array) return `${value.length}:${latin1(value)}`;
  if (typeof value === 'bigint') return `i${value}e`;
  if (value instanceof Map)
    return `d${[...value].map(([key, member]: [string, Bencoded]) => `${key.length}:${key}${written(member)}`).join('')}e`;
  return `l${(value as readonly Bencoded[]).map(written).join('')}e`;
}

/** The npm package `bencode` reads the same, and writes it as our writer does. It reads numbers without exactness. */
function checkOtherReader(octets: Uint8Array, plain: Plain): void {
  const text = writePlain(plain);
  if (/i-?\d{16}/.test(text) || !/^[ -~]*$/.test(text)) return;
  const other: unknown = bencode.decode(Buffer.from(octets));
  sameOctets(
    bencode.encode(other),
    encodeBencode(other as Parameters<typeof encodeBencode>[0]),
    'npm bencode',
  );
}

function latin1(octets: Uint8Array): string {
  return Buffer.from(octets).toString('latin1');
}

const METHODS = [
  'ping',
  'find_node',
  'get_peers',
  'get',
  'put',
  'announce_peer',
  'sample_infohashes',
] as const;

/** Numbers at the ends of what fields can hold. */
const NUMBERS = [
  0n,
  1n,
  -1n,
  2n,
  6881n,
  65_535n,
  65_536n,
  203n,
  999n,
  1000n,
  2n ** 53n + 1n,
  2n ** 63n - 1n,
  2n ** 63n,
  -(2n ** 63n),
] as const;

function input(random: Random): Uint8Array {
  const kind = random.int(20);
  if (kind > 16) {
    const pieces = Array.from({ length: 1 + random.int(6) }, () => random.pick(PIECES));
    return Uint8Array.from(Buffer.from(pieces.join(''), 'latin1'));
  }
  if (kind === 0) return Uint8Array.from(Buffer.from(nested(random), 'latin1'));
  const octets = Uint8Array.from(Buffer.from(writePlain(datagram(random)), 'latin1'));
  return kind < 8 ? mutate(octets, random, 2) : octets;
}

/** Parts of bencode, whole ones and such as are nearly right. */
const PIECES =
  'i e l d 0 1 - : a 1:a 2:ab 0: i1e i-1e i0e i-0e i01e ie i9223372036854775808e 01:a 00: 10: 3:ab d1:ai1e'
    .split(' ')
    .concat(['2:a', 'd1:al', '1:ai1e', '-1:a', '99999:a', '100000:a']);

/** Lists in lists, and many values, about as deep and as many as are allowed. */
function nested(random: Random): string {
  const depth = 14 + random.int(6);
  if (random.chance(0.7)) return 'l'.repeat(depth) + random.pick(['', 'i1e', '0:']) + 'e'.repeat(depth);
  if (random.chance(0.8)) return `l${'0:'.repeat(1020 + random.int(6))}e`;
  return 'l'.repeat(9000);
}

/** A message of the DHT whose fields are mostly, but not all, as they should be. */
export function datagram(random: Random): Plain {
  const text = (length: number) => {
    const most = random.chance(0.94) ? length : random.pick([0, 1, length - 1, length + 1, 2 * length]);
    return latin1(random.octets(Math.max(0, most)));
  };
  const number = () => random.pick(NUMBERS);
  const nodes = () => {
    // About as many as are read, all of one network; or few of any.
    const isMany = random.chance(0.15);
    const addresses = isMany ? [random.pick(['8.8.8.8', '127.0.0.1'])] : ADDRESSES;
    const ports = isMany ? [6881] : [0, 1, 6881, 65_535];
    const count = isMany ? 30 + random.int(6) : random.int(9);
    const compact = Array.from({ length: count }, () =>
      node(random, random.pick(addresses), random.pick(ports)),
    );
    return compact.join('') + (random.chance(0.95) ? '' : 'x');
  };
  const fields: readonly (readonly [string, () => Plain])[] = [
    ['id', () => text(20)],
    ['target', () => text(20)],
    ['info_hash', () => text(20)],
    ['token', () => text(random.pick([1, 8, 20, 255]))],
    ['nodes', nodes],
    ['v', () => (random.chance(0.9) ? text(random.pick([0, 10, 1000])) : ['x'])],
    ['k', () => text(32)],
    ['sig', () => text(64)],
    ['salt', () => text(4)],
    ['seq', number],
    ['cas', number],
    ['port', number],
    ['implied_port', () => random.pick([0n, 0n, 1n])],
  ];
  const members: [string, Plain][] = [];
  for (const [name, make] of fields) {
    if (name !== 'id' && random.chance(0.25)) continue;
    if (name === 'id' && random.chance(0.02)) continue;
    members.push([name, random.chance(0.97) ? make() : random.pick<Plain>([1n, 'x', [], new Map()])]);
  }
  const body = new Map(members);
  const message: [string, Plain][] = [
    ['t', text(random.pick([1, 2, 4, 32, 0]))],
    ['v', 'PD'],
    ['ip', text(6)],
  ];
  const type = random.pick(['q', 'r', 'e', 'q', 'r', 'x', 'qq']);
  message.push(['y', type]);
  if (type === 'q') {
    message.push(['q', random.pick(METHODS)], ['a', body]);
    if (random.chance(0.3)) message.push(['ro', random.pick<Plain>([0n, 1n, 'x'])]);
  } else if (type === 'r') message.push(['r', body]);
  else message.push(['e', random.chance(0.9) ? [number(), text(10)] : number()]);
  if (random.chance(0.1)) message.reverse();
  if (random.chance(0.02)) message.splice(random.int(message.length), 1);
  return new Map(message);
}

/** Addresses whose class everybody knows. */
const ADDRESSES = [
  '8.8.8.8',
  '1.1.1.1',
  '127.0.0.1',
  '10.0.0.1',
  '192.168.1.1',
  '224.0.0.1',
  '192.0.2.1',
  '0.0.0.0',
];

function node(random: Random, host: string, port: number): string {
  const address = host.split('.').map(Number);
  return latin1(Uint8Array.from([...random.octets(20), ...address, port >>> 8, port & 0xff]));
}
