import assert from 'node:assert/strict';
import { test } from 'node:test';
import packaged from 'bencode';
import {
  decodeDatagram,
  MAX_DATAGRAM_LENGTH,
  type MalformedReason,
} from '../../../src/mainline/wire/krpc-decode.ts';
import type { ReplyMessage } from '../../../src/mainline/wire/krpc-message.ts';
import { readUsualForm } from '../../../src/mainline/wire/usual-form.ts';
import { fc } from '../../support/property.ts';
import { compact } from '../support/scripted-node.ts';

const ID = Buffer.alloc(20, 1);
const TARGET = Buffer.alloc(20, 2);
const T = Buffer.from('abcd');
const PUT = {
  id: ID,
  token: Buffer.from('tok'),
  v: Buffer.from('value'),
  k: Buffer.alloc(32, 3),
  sig: Buffer.alloc(64, 4),
  seq: 5,
  cas: 4,
  salt: Buffer.from('salt'),
};
const NODE = { id: TARGET, host: '1.2.3.4', port: 6881 };
const REPLY = { id: ID, nodes: compact([NODE]), token: PUT.token, v: PUT.v, k: PUT.k, sig: PUT.sig, seq: 5 };

const query = (q: string, a: object) => ({ t: T, y: 'q', q, a, ro: 1 });
const MESSAGES = {
  ping: query('ping', { id: ID }),
  find_node: query('find_node', { id: ID, target: TARGET }),
  get_peers: query('get_peers', { id: ID, info_hash: TARGET }),
  get: query('get', { id: ID, target: TARGET, seq: 4 }),
  put: query('put', PUT),
  announce_peer: query('announce_peer', { id: ID, info_hash: TARGET, port: 6881, token: PUT.token }),
  reply: { t: T, y: 'r', r: REPLY, ip: Buffer.from([9, 8, 7, 6, 0, 80]) },
  error: { t: T, y: 'e', e: [203, Buffer.from('no')] },
};

type MessageName = keyof typeof MESSAGES;
const QUERIES = ['ping', 'find_node', 'get_peers', 'announce_peer', 'get', 'put'] as const;
const NAMES = [...QUERIES, 'reply', 'error'] as const;

function decode(message: unknown) {
  return decodeDatagram(packaged.encode(message), 'public');
}

function decodeReply(r: object, network: 'public' | 'test' = 'public'): ReplyMessage {
  const decoded = decodeDatagram(packaged.encode({ t: T, y: 'r', r: { id: ID, ...r } }), network);
  assert.ok(decoded.kind === 'message' && decoded.message.kind === 'reply');
  return decoded.message;
}

test('each kind of message is read with all its fields', () => {
  for (const [name, message] of Object.entries(MESSAGES)) {
    const decoded = decode(message);
    assert.equal(decoded.kind, 'message', name);
  }
  const decoded = decode(MESSAGES.reply);
  assert.ok(decoded.kind === 'message' && decoded.message.kind === 'reply');
  const { nodes, token, stored, observed } = decoded.message;
  assert.deepEqual(
    nodes.list().map(({ host, port }) => ({ host, port })),
    [{ host: '1.2.3.4', port: 6881 }],
  );
  assert.deepEqual(Buffer.from(token ?? []), PUT.token);
  assert.equal(stored.kind, 'mutable');
  assert.deepEqual(observed, { host: '9.8.7.6', port: 80 });
});

const FIELDS: readonly (readonly [message: MessageName, path: readonly string[], reason: MalformedReason])[] =
  [
    ...NAMES.map((name) => [name, ['t'], 'transaction'] as const),
    ...NAMES.map((name) => [name, ['y'], 'not-a-message'] as const),
    ...QUERIES.map((name) => [name, ['a'], 'arguments'] as const),
    ...QUERIES.map((name) => [name, ['a', 'id'], 'node-id'] as const),
    ['ping', ['q'], 'method'],
    ['find_node', ['a', 'target'], 'target'],
    ['get_peers', ['a', 'info_hash'], 'target'],
    ['announce_peer', ['a', 'info_hash'], 'target'],
    ['announce_peer', ['a', 'token'], 'token'],
    ['get', ['a', 'target'], 'target'],
    ['put', ['a', 'token'], 'token'],
    ['put', ['a', 'v'], 'value'],
    ['put', ['a', 'k'], 'key'],
    ['put', ['a', 'sig'], 'signature'],
    ['put', ['a', 'salt'], 'salt'],
    ['reply', ['r'], 'arguments'],
    ['reply', ['r', 'id'], 'node-id'],
    ['reply', ['r', 'nodes'], 'nodes'],
    ['reply', ['r', 'token'], 'token'],
    ['reply', ['r', 'k'], 'key'],
    ['reply', ['r', 'sig'], 'signature'],
    ['error', ['e'], 'error'],
  ];
for (const [name, path, reason] of FIELDS) {
  test(`${path.join('.')} of a ${name} message with a wrong type is dropped as ${reason}`, () => {
    for (const wrong of [
      7,
      [],
      [[Buffer.from('x')]],
      { a: 1 },
      ...(path.at(-1) === 'a' || path.at(-1) === 'r' ? [] : [{}]),
    ]) {
      if (
        (reason === 'arguments' || reason === 'error') &&
        typeof wrong === 'object' &&
        !Array.isArray(wrong)
      )
        continue;
      const decoded = decode(changed(MESSAGES[name], path, wrong));
      assert.equal(decoded.kind === 'malformed' && decoded.reason, reason, JSON.stringify(wrong));
    }
  });
}

const INTEGERS: readonly (readonly [MessageName, readonly string[], MalformedReason])[] = [
  ['ping', ['ro'], 'read-only'],
  ['get', ['a', 'seq'], 'seq'],
  ['put', ['a', 'seq'], 'seq'],
  ['put', ['a', 'cas'], 'cas'],
  ['reply', ['r', 'seq'], 'seq'],
  ['error', ['e'], 'error'],
];
for (const [name, path, reason] of INTEGERS) {
  test(`${path.join('.')} of a ${name} message that is no integer is dropped as ${reason}`, () => {
    for (const wrong of [Buffer.from('5'), [], { a: 1 }, [Buffer.from('5')]]) {
      const decoded = decode(changed(MESSAGES[name], path, wrong));
      assert.equal(decoded.kind === 'malformed' && decoded.reason, reason);
    }
  });
}

function changed(message: unknown, [first = '', ...rest]: readonly string[], value: unknown): object {
  const from: Record<string, unknown> = { ...Object(message) };
  from[first] = rest.length === 0 ? value : changed(from[first], rest, value);
  return from;
}

test('a sequence number below 0 or from 2^63 on is dropped, and one above 2^53 is exact', () => {
  const reply = (seq: string) =>
    decodeDatagram(
      Buffer.from(`d1:rd2:id20:${ID.toString('latin1')}3:seqi${seq}ee1:t4:abcd1:y1:re`, 'latin1'),
      'public',
    );
  for (const seq of ['-1', '9223372036854775808']) {
    const decoded = reply(seq);
    assert.equal(decoded.kind === 'malformed' && decoded.reason, 'seq');
  }
  for (const seq of [0n, 2n ** 53n + 1n, 2n ** 63n - 1n]) {
    const decoded = reply(String(seq));
    assert.ok(decoded.kind === 'message' && decoded.message.kind === 'reply');
    assert.deepEqual(decoded.message.stored, { kind: 'seq', seq });
  }
});

test('a value of 1000 bytes is read, a longer one or one that is no byte string is unusable and does not spoil the reply', () => {
  assert.equal(decodeReply({ ...REPLY, v: Buffer.alloc(1000) }).stored.kind, 'mutable');
  for (const v of [Buffer.alloc(1001), 7, [], { a: 1 }]) {
    const reply = decodeReply({ ...REPLY, v });
    assert.equal(reply.stored.kind, 'unusable');
    assert.equal(reply.nodes.list().length, 1);
  }
  assert.equal(decodeReply({ v: PUT.v }).stored.kind, 'unusable', 'an immutable item');
});

test('nodes at port 0 or at addresses that cannot be on the network are left out', () => {
  const at = (host: string, port = 6881) => ({ id: TARGET, host, port });
  const foreign = [
    '0.0.0.1',
    '10.0.0.1',
    '100.64.0.1',
    '127.0.0.1',
    '169.254.1.1',
    '172.31.0.1',
    '192.168.1.1',
    '224.0.0.1',
    '255.255.255.255',
  ];
  const nodes = compact([at('1.1.1.1', 0), ...foreign.map((host) => at(host)), at('8.8.8.8')]);
  assert.deepEqual(
    decodeReply({ nodes })
      .nodes.list()
      .map(({ host }) => host),
    ['8.8.8.8'],
  );
  assert.deepEqual(
    decodeReply({ nodes }, 'test')
      .nodes.list()
      .map(({ host }) => host),
    ['127.0.0.1'],
  );
});

test('of a list with a thousand nodes only the first few are read', () => {
  const many = decodeReply({ nodes: Buffer.concat(Array.from({ length: 300 }, () => compact([NODE]))) });
  assert.ok(many.nodes.list().length <= 32);
});

test('transaction ids of 1 to 32 bytes are kept as they came', () => {
  for (const length of [1, 2, 4, 20, 32]) {
    const t = Buffer.alloc(length, 0xf7);
    const decoded = decode({ ...MESSAGES.ping, t });
    assert.ok(decoded.kind === 'message');
    assert.deepEqual(Buffer.from(decoded.message.transaction), t);
  }
  for (const length of [0, 33]) {
    const decoded = decode({ ...MESSAGES.ping, t: Buffer.alloc(length) });
    assert.equal(decoded.kind === 'malformed' && decoded.reason, 'transaction');
  }
});

test('a datagram over 8192 bytes is dropped unread', () => {
  const decoded = decodeDatagram(
    packaged.encode({ ...MESSAGES.ping, x: Buffer.alloc(MAX_DATAGRAM_LENGTH) }),
    'public',
  );
  assert.equal(decoded.kind === 'malformed' && decoded.reason, 'too-large');
});

test('any datagram is decoded without an exception', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (datagram) => {
      decodeDatagram(datagram, 'public');
    }),
  );
});

test('any change of two bytes of any message is decoded without an exception, and what is accepted keeps its types', () => {
  const messages = Object.values(MESSAGES).map((message) => packaged.encode(message));
  const edits = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), {
    minLength: 1,
    maxLength: 2,
  });
  fc.assert(
    fc.property(fc.constantFrom(...messages), edits, (original, changes) => {
      const datagram = Buffer.from(original);
      for (const [at, byte] of changes) datagram[at % datagram.length] = byte;
      const decoded = decodeDatagram(datagram, 'public');
      if (decoded.kind !== 'message') return;
      const { message } = decoded;
      assert.ok(message.transaction.length >= 1);
      if (message.kind !== 'error') assert.equal(message.id.length, 20);
      if (message.kind === 'reply' && message.stored.kind === 'mutable') {
        assert.equal(message.stored.key.length, 32);
        assert.equal(message.stored.signature.length, 64);
        assert.equal(typeof message.stored.seq, 'bigint');
      }
    }),
    { numRuns: 5000 },
  );
});

test('the quick way through a message reads the same as the way field by field', () => {
  const messages = Object.values(MESSAGES).map((message) => packaged.encode(message));
  const edits = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 2 });
  let accepted = 0;
  fc.assert(
    fc.property(fc.constantFrom(...messages), edits, (original, changes) => {
      const datagram = Buffer.from(original);
      for (const [at, byte] of changes) datagram[at % datagram.length] = byte;
      const quick = plainOf(decodeDatagram(datagram, 'public'));
      // The quick way reads no list, and no field comes after this one.
      const longer = Buffer.concat([datagram.subarray(0, -1), Buffer.from('1:zlee')]);
      const slow = plainOf(decodeDatagram(longer, 'public'));
      if (changes.length > 0 && (datagram.at(-1) !== 0x65 || readUsualForm(datagram, 'public') === undefined))
        return;
      accepted++;
      assert.deepEqual(quick, slow);
    }),
    { numRuns: 5000 },
  );
  assert.ok(accepted > 500, `${accepted} were compared`);
});

test('what nearly every program sends goes the quick way: replies, and queries for nodes and items', () => {
  for (const [name, message] of Object.entries(MESSAGES)) {
    const isQuick = readUsualForm(packaged.encode(message), 'public') !== undefined;
    assert.equal(isQuick, ['ping', 'find_node', 'get', 'reply'].includes(name), name);
  }
});

/** A decoded datagram with its nodes as a list and without fields that are undefined. */
function plainOf(decoded: ReturnType<typeof decodeDatagram>): unknown {
  if (decoded.kind !== 'message' || decoded.message.kind !== 'reply') return stripped(decoded);
  const { nodes, ...message } = decoded.message;
  return stripped({ ...message, nodes: nodes.list() });
}

function stripped(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map(stripped);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members.map(([key, member]) => [key, stripped(member)]));
}
