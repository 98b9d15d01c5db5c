import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as client from '../../src/library/client.ts';
import { ClientError } from '../../src/library/client.ts';
import * as pkarr from '../../src/library/pkarr.ts';
import {
  compileZone,
  KeyPair,
  MAX_MESSAGE_LENGTH,
  PkarrError,
  PublicKey,
  SignedPacket,
} from '../../src/library/pkarr.ts';
import { fc } from '../support/property.ts';

const keyPair = KeyPair.fromSeed(new Uint8Array(32).fill(7));
const key = keyPair.publicKey;

/** The message of a zone that is valid. */
function messageOf(text: string): Uint8Array {
  const zone = compileZone(text, key);
  return zone.ok ? zone.message : assert.fail(JSON.stringify(zone.errors));
}

test('the names that other programs import are these', () => {
  const names = (module: object) => Object.keys(module).sort();
  assert.deepEqual(names(pkarr), [
    'KeyPair',
    'MAX_MESSAGE_LENGTH',
    'PkarrError',
    'PublicKey',
    'SignedPacket',
    'compileZone',
  ]);
  assert.deepEqual(names(client), ['Client', 'ClientError']);
  assert.deepEqual(membersOf(PublicKey), [
    'equals',
    'fromBytes',
    'parse',
    'text',
    'toBytes',
    'toJSON',
    'toString',
  ]);
  assert.deepEqual(membersOf(KeyPair), ['exportSeed', 'fromSeed', 'generate', 'toJSON', 'toString']);
  assert.deepEqual(membersOf(SignedPacket), [
    'fromBytes',
    'fromRelayPayload',
    'isNewerThan',
    'message',
    'records',
    'sign',
    'signature',
    'timestamp',
    'toBytes',
    'toRelayPayload',
  ]);
  assert.deepEqual(membersOf(client.Client), ['close', 'publish', 'resolve', 'watch']);
  assert.equal(new ClientError('conflict', 'It is so.').fault, 'conflict');
});

/** Static and other members of a class, without those that are for the library itself. */
function membersOf(type: { readonly prototype: object }): readonly string[] {
  const names = [...Object.getOwnPropertyNames(type), ...Object.getOwnPropertyNames(type.prototype)];
  const none = ['length', 'name', 'prototype', 'constructor', 'own', 'wrap'];
  return names.filter((name) => !none.includes(name)).sort();
}

test('a packet goes over octets and back, and says what the zone file said', () => {
  const packet = SignedPacket.sign(keyPair, messageOf('@ 1h A 192.0.2.1\nwww CNAME @\n'), { timestamp: 5n });
  for (const again of [
    SignedPacket.fromBytes(packet.toBytes()),
    SignedPacket.fromRelayPayload(key, packet.toRelayPayload()),
  ]) {
    assert.deepEqual(again.toBytes(), packet.toBytes());
    assert.equal(again.timestamp, 5n);
    assert.ok(again.key.equals(key));
    assert.deepEqual(again.records, [
      { name: `${key}.`, ttl: 3600, type: 'A', data: '192.0.2.1' },
      { name: `www.${key}.`, ttl: 3600, type: 'CNAME', data: `${key}.` },
    ]);
  }
});

test('a packet that comes after another is newer, whatever the clock says', () => {
  const message = messageOf('@ A 192.0.2.1');
  for (const wrong of [Date.now(), 1.5, '5', -1n, 2n ** 63n])
    assert.throws(
      () => SignedPacket.sign(keyPair, message, { timestamp: wrong as unknown as bigint }),
      (error) => error instanceof PkarrError && error.fault === 'bad-timestamp',
      String(wrong),
    );
  const ahead = SignedPacket.sign(keyPair, message, { timestamp: 9_000_000_000_000_000n });
  const next = SignedPacket.sign(keyPair, message, { after: ahead });
  assert.equal(next.timestamp, ahead.timestamp + 1n);
  assert.ok(next.isNewerThan(ahead));
  assert.ok(!ahead.isNewerThan(next));
});

test('errors of a zone file have their places, and a zone that is too long says how long it is', () => {
  const zone = compileZone('@ A 192.0.2.1\n@ A 192.0.2\n@ MX mail\n', key);
  assert.ok(!zone.ok);
  assert.deepEqual(
    zone.errors.map(({ at }) => at?.line),
    [2, 3],
  );
  const long = compileZone(`a TXT ${'y '.repeat(500)}`, key);
  assert.ok(!long.ok);
  assert.ok((long.length ?? 0) > MAX_MESSAGE_LENGTH, `${long.length}`);
  assert.equal(long.errors[0]?.at, undefined);
});

test('a zone without records is an error unless it is meant', () => {
  assert.ok(!compileZone('; nothing\n', key).ok);
  assert.ok(compileZone('; nothing\n', key, { allowEmpty: true }).ok);
  // Nobody here knows the address, so it would be published without any record.
  assert.ok(!compileZone('@ A {external_ipv4}\n', key).ok);
  assert.ok(compileZone('@ A {external_ipv4}\n', key, { allowEmpty: true }).ok);
});

test('$INCLUDE and a placeholder mean nothing here, and are told', () => {
  const included = compileZone('$INCLUDE /etc/passwd\n', key);
  assert.ok(!included.ok && included.errors[0]?.at?.line === 1);
  const filled = compileZone('@ A {external_ipv4}\n@ TXT "x"\n', key);
  assert.ok(filled.ok && filled.records.length === 1 && filled.warnings.length === 1);
});

test('whatever octets there are, they are a packet or a PkarrError', () => {
  const packet = SignedPacket.sign(keyPair, messageOf('@ A 192.0.2.1'), { timestamp: 5n });
  const changed = fc.nat(packet.toBytes().length * 8 - 1).map((bit) => {
    const bytes = packet.toBytes();
    bytes[bit >>> 3] = (bytes[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
    return bytes;
  });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 1200 }), changed), (bytes) => {
      assert.throws(() => SignedPacket.fromBytes(bytes), PkarrError);
    }),
  );
});

test('text that is not a key says why', () => {
  for (const [text, fault] of [
    ['', 'no-key'],
    ['y'.repeat(52), 'small-order'],
    [`${key.text.slice(0, 51)}b`, 'non-canonical'],
  ] as const)
    assert.throws(() => PublicKey.parse(text), { name: 'PkarrError', fault });
  assert.ok(PublicKey.parse(`https://www.${key.text.toUpperCase()}:8443/x`).equals(key));
});

test('nothing prints a secret', () => {
  const hex = Buffer.from(keyPair.exportSeed()).toString('hex');
  const shown = `${String(keyPair)} ${JSON.stringify({ keyPair })} ${JSON.stringify(Object.entries(keyPair))}`;
  assert.ok(!shown.includes(hex) && shown.includes(key.text));
});
