import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileZone, KeyPair, SignedPacket } from '../../src/library/pkarr.ts';
import { loadNpmPkarr } from './npm-pkarr.ts';

const pkarr = await loadNpmPkarr();
const skip = pkarr === undefined ? 'the npm package pkarr is not installed' : false;

const seed = new Uint8Array(32).fill(11);
const keyPair = KeyPair.fromSeed(seed);

/** What a zone file makes, and the same records as the npm package takes them. */
const zones = [
  { zone: '@ 300 A 192.0.2.1', answers: [{ name: '@', type: 'A', ttl: 300, data: '192.0.2.1' }] },
  { zone: '@ 60 AAAA 2001:db8::1', answers: [{ name: '@', type: 'AAAA', ttl: 60, data: '2001:db8::1' }] },
  { zone: 'www 30 A 192.0.2.7', answers: [{ name: 'www', type: 'A', ttl: 30, data: '192.0.2.7' }] },
  {
    zone: '_dnslink 300 TXT "dnslink=/ipfs/x"',
    answers: [{ name: '_dnslink', type: 'TXT', ttl: 300, data: 'dnslink=/ipfs/x' }],
  },
  {
    zone: '@ 300 CNAME example.org.',
    answers: [{ name: '@', type: 'CNAME', ttl: 300, data: 'example.org' }],
  },
] as const;

for (const { zone, answers } of zones) {
  test(`npm pkarr makes the same octets of: ${zone}`, { skip }, () => {
    assert.ok(pkarr !== undefined);
    const compiled = compileZone(zone, keyPair.publicKey);
    assert.ok(compiled.ok);
    const theirs = pkarr.SignedPacket.fromPacket(pkarr.generateKeyPair(seed), {
      id: 0,
      type: 'response',
      flags: 0,
      answers: answers.map((answer) => ({
        ...answer,
        name: answer.name === '@' ? keyPair.publicKey.text : answer.name,
      })),
    });
    const item = theirs.bep44Args();
    // It compresses nothing, so a packet with one mention of the key is the same; the timestamp is its own.
    const ours = SignedPacket.sign(keyPair, compiled.message, { timestamp: BigInt(item.seq) });
    assert.deepEqual(ours.message, new Uint8Array(item.v));
    assert.deepEqual(ours.signature, new Uint8Array(item.sig));
  });
}

test('npm pkarr reads what we compress', { skip }, () => {
  assert.ok(pkarr !== undefined);
  const compiled = compileZone('@ 300 A 192.0.2.1\nwww 300 CNAME @\n@ 300 A 192.0.2.2', keyPair.publicKey);
  assert.ok(compiled.ok);
  const ours = SignedPacket.sign(keyPair, compiled.message);
  const theirs = pkarr.SignedPacket.fromBep44Args({
    k: ours.key.toBytes(),
    seq: Number(ours.timestamp),
    v: Buffer.from(ours.message),
    sig: ours.signature,
  });
  const data = (name: string) => theirs.resourceRecords(name).map((record) => record.data);
  assert.deepEqual(data('@'), ['192.0.2.1', '192.0.2.2']);
  assert.deepEqual(data('www'), [keyPair.publicKey.text]);
});
