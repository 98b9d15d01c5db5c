import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeyPair } from '../../../src/pkarr/key-pair.ts';
import { secretPem } from '../../../src/pkarr/key-pem.ts';
import { findSecret } from '../../../src/pkarr/secret/find-secret.ts';
import { fc } from '../../support/property.ts';

const seed = new Uint8Array(32).fill(7);
const hex = '07'.repeat(32);
const keyPair = KeyPair.fromSeed(seed);
const publicKey = keyPair.publicKey.toBytes();
const publicHex = Buffer.from(publicKey).toString('hex');
const octetsOf = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));
const pem = (label: string, octets: Uint8Array) =>
  `-----BEGIN ${label}-----\n${Buffer.from(octets).toString('base64')}\n-----END ${label}-----\n`;
const v2 = Buffer.from(`3051020101300506032b657004220420${hex}812100${publicHex}`, 'hex');

test('every form of a seed gives the seed', () => {
  const jwk = {
    kty: 'OKP',
    crv: 'Ed25519',
    d: Buffer.from(seed).toString('base64url'),
    x: Buffer.from(publicKey).toString('base64url'),
  };
  const forms: Readonly<Record<string, Uint8Array>> = {
    '64 digits': octetsOf(hex),
    'digits with white space': octetsOf(`  0x${hex.toUpperCase()}\r\n`),
    '128 digits': octetsOf(`${hex}${publicHex}\n`),
    '32 octets': seed,
    '64 octets': new Uint8Array([...seed, ...publicKey]),
    PEM: octetsOf(secretPem(keyPair)),
    'PEM with text around it': octetsOf(`caf\xe9 ${'\n'}${secretPem(keyPair)}end`),
    'PEM beside a certificate': octetsOf(pem('CERTIFICATE', seed) + secretPem(keyPair)),
    'PEM of version 2': octetsOf(pem('PRIVATE KEY', v2)),
    DER: new Uint8Array(v2),
    JWK: octetsOf(JSON.stringify(jwk)),
  };
  for (const [name, octets] of Object.entries(forms))
    assert.deepEqual(findSecret(octets), { kind: 'seed', seed }, name);
});

test('a public key beside the secret that is not its own is told, in every form that has one', () => {
  const wrong = Uint8Array.from(publicKey, (octet, at) => (at === 9 ? octet ^ 1 : octet));
  const wrongHex = Buffer.from(wrong).toString('hex');
  for (const octets of [
    new Uint8Array([...seed, ...wrong]),
    new Uint8Array(64).fill(200),
    octetsOf(hex + wrongHex),
    octetsOf(pem('PRIVATE KEY', Buffer.from(v2.toString('hex').replace(publicHex, wrongHex), 'hex'))),
  ]) {
    const found = findSecret(octets);
    assert.ok(found.kind === 'refused' && /public half does not belong/.test(found.why));
  }
});

test('what has several readings is told as it is', () => {
  assert.deepEqual(findSecret(octetsOf(` ${keyPair.publicKey}\n`)), { kind: 'z-base-32', octets: publicKey });
  const words = Array.from({ length: 12 }, () => 'abandon');
  for (const text of [
    words.join(' '),
    words.map((word, at) => `${at + 1}. ${word.toUpperCase()}\n`).join(''),
  ])
    assert.deepEqual(findSecret(octetsOf(text)), { kind: 'words', words });
  assert.equal(findSecret(octetsOf('pubky.org/recovery\nxyz')).kind, 'recovery-file');
  assert.equal(findSecret(octetsOf(pem('ENCRYPTED PRIVATE KEY', seed))).kind, 'encrypted');
});

test('what is something else is named, and never shown', () => {
  const ofAlgorithm = (oid: string) => Buffer.from(`300d020100300506${oid}0401ff`, 'hex');
  for (const [octets, why] of [
    [octetsOf(pem('RSA PRIVATE KEY', seed)), /^This is an RSA key; Pkarr has Ed25519 keys only\.$/],
    [octetsOf(pem('EC PARAMETERS', seed) + pem('EC PRIVATE KEY', seed)), /^This is an ECDSA key;/],
    [octetsOf(pem('PRIVATE KEY', ofAlgorithm('032b656e'))), /^This is an X25519 key;/],
    [octetsOf(pem('PRIVATE KEY', ofAlgorithm('032b657f'))), /^This is a key of another algorithm;/],
    [octetsOf(pem('PRIVATE KEY', seed)), /damaged/],
    [octetsOf(pem('OPENSSH PRIVATE KEY', seed)), /damaged private key of OpenSSH/],
    [octetsOf(pem('PUBLIC KEY', seed)), /^This is a public key/],
    [octetsOf(pem('CERTIFICATE', seed)), /^This is a certificate/],
    [octetsOf(secretPem(keyPair) + secretPem(keyPair)), /2 private keys/],
    [octetsOf('ssh-ed25519 AAAAC3Nz me@here'), /public key of OpenSSH/],
    [octetsOf('age-encryption.org/v1\n'), /age --decrypt/],
    [octetsOf(`pk:${keyPair.publicKey}`), /public key/],
    [octetsOf(hex.slice(2)), /^It has 62 hexadecimal digits; a seed has 64/],
    [octetsOf('{"kty":"RSA"}'), /an RSA key/],
  ] as const) {
    const found = findSecret(octets);
    assert.ok(found.kind === 'refused', found.kind);
    assert.match(found.why, why);
    assert.doesNotMatch(found.why, /zz|0707/);
  }
});

test('what is nothing that is known is not taken for a key', () => {
  for (const text of ['', 'The secret of this key is public', 'zz'.repeat(32), '{"kty":', '\xc8'.repeat(31)])
    assert.deepEqual(findSecret(octetsOf(text)), { kind: 'unknown' });
});

test('whatever stands in a file, reading it ends without an error', () => {
  const starts = [
    '-----BEGIN PRIVATE KEY-----',
    '-----BEGIN OPENSSH PRIVATE KEY-----',
    '{',
    '0x',
    'pubky.org/recovery',
    '',
  ];
  const texts = fc
    .tuple(fc.constantFrom(...starts), fc.string())
    .map(([start, rest]) => octetsOf(start + rest));
  const changed = fc
    .tuple(fc.nat(v2.length - 1), fc.nat(255))
    .map(([at, octet]) => Uint8Array.from(v2, (old, index) => (index === at ? octet : old)));
  const openssh = fc
    .array(
      fc.oneof(
        fc.constant('\0\0\0\x04none'),
        fc.constant('\0\0\0\x01'),
        fc.constant('\0\0\0\x0bssh-ed25519'),
        fc.string(),
      ),
    )
    .map((parts) => octetsOf(pem('OPENSSH PRIVATE KEY', octetsOf(`openssh-key-v1\0${parts.join('')}`))));
  fc.assert(
    fc.property(fc.oneof(texts, changed, openssh, fc.uint8Array({ maxLength: 200 })), (octets) => {
      const found = findSecret(octets);
      if (found.kind === 'seed') assert.equal(found.seed.length, 32);
    }),
    { numRuns: 2000 },
  );
});
