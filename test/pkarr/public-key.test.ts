import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { Point } from '@noble/ed25519';
import { pointFault } from '../../src/pkarr/curve-point.ts';
import { pointFault as pointFaultInBrowsers } from '../../src/pkarr/curve-point-noble.ts';
import { KeyPair } from '../../src/pkarr/key-pair.ts';
import { parsePastedKey } from '../../src/pkarr/pasted-key.ts';
import { almostKey, classifyLabel, PublicKey, PublicKeyError } from '../../src/pkarr/public-key.ts';
import { SignedPacket } from '../../src/pkarr/signed-packet.ts';
import { fc } from '../support/property.ts';
import { testKeyPair } from './packets.ts';

const ALPHABET = 'ybndrfg8ejkmcpqxot1uwisza345h769';
const key = testKeyPair().publicKey;

test('a key has one spelling: none of the 15 others of its last character is taken', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (seed) => {
      const { text } = KeyPair.fromSeed(seed).publicKey;
      for (const last of ALPHABET) {
        const verdict = classifyLabel(text.slice(0, 51) + last);
        if (text.endsWith(last)) assert.equal(verdict.kind, 'key');
        else if ('yo'.includes(last)) assert.ok(verdict.kind !== 'key' || verdict.key.text !== text);
        else
          assert.deepEqual(verdict, {
            kind: 'refused',
            reason: 'non-canonical',
            text: text.slice(0, 51) + last,
          });
      }
    }),
    { numRuns: 20 },
  );
});

test('a key survives the way over text, in any case', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.infiniteStream(fc.boolean()),
      (seed, upper) => {
        const made = KeyPair.fromSeed(seed).publicKey;
        const mixed = [...made.text].map((c) => (upper.next().value === true ? c.toUpperCase() : c)).join('');
        assert.deepEqual(PublicKey.fromLabel(mixed).toBytes(), made.toBytes());
        assert.ok(PublicKey.fromBytes(made.toBytes()).equals(made));
      },
    ),
    { numRuns: 30 },
  );
});

test('a label of a key’s shape is a key or refused, never an ordinary name', () => {
  const label = fc
    .array(fc.constantFrom(...ALPHABET, ...ALPHABET.toUpperCase()), { minLength: 52, maxLength: 52 })
    .map((chars) => chars.join(''));
  fc.assert(
    fc.property(label, (text) => {
      assert.notEqual(classifyLabel(text).kind, 'not-a-key');
    }),
  );
});

test('labels of another length or alphabet are ordinary', () => {
  for (const label of [
    '',
    'com',
    key.text.slice(1),
    `${key.text}y`,
    `l${key.text.slice(1)}`,
    `\xe9${key.text.slice(1)}`,
    'v'.repeat(52),
  ]) {
    assert.deepEqual(classifyLabel(label), { kind: 'not-a-key' }, label);
  }
});

test('half of all canonical labels are no point of the curve and are refused', () => {
  let refused = 0;
  for (let i = 0; i < 64; i++) {
    const verdict = classifyLabel(`${key.text.slice(0, 49)}${ALPHABET[i % 32]}${ALPHABET[i >> 5]}y`);
    if (verdict.kind === 'refused' && verdict.reason === 'not-on-curve') refused++;
  }
  assert.ok(refused > 10 && refused < 54, `${refused} of 64`);
});

test('points of small order are refused, the all-y key with them', () => {
  const smallOrder = [
    '0000000000000000000000000000000000000000000000000000000000000000',
    '0100000000000000000000000000000000000000000000000000000000000000',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
    '0000000000000000000000000000000000000000000000000000000000000080',
  ];
  for (const hex of smallOrder) {
    assert.throws(() => PublicKey.fromBytes(Buffer.from(hex, 'hex')), { reason: 'small-order' }, hex);
  }
  assert.deepEqual(classifyLabel('Y'.repeat(52)), {
    kind: 'refused',
    reason: 'small-order',
    text: 'y'.repeat(52),
  });
});

test('of any 32 octets those are a point of which noble finds the whole point', () => {
  const nearEnds = fc.tuple(
    fc.constantFrom(0n, 2n ** 255n - 19n, 2n ** 255n, 2n ** 256n),
    fc.bigInt(-40n, 40n),
  );
  const numbers = fc.oneof(
    fc.bigInt(0n, 2n ** 256n - 1n),
    nearEnds.map(([end, by]) => BigInt.asUintN(256, end + by)),
  );
  fc.assert(
    fc.property(numbers, (number) => {
      const octets = Buffer.from(number.toString(16).padStart(64, '0'), 'hex').reverse();
      assert.equal(pointFault(octets), faultByNoble(octets), octets.toString('hex'));
    }),
    { numRuns: 2000 },
  );
});

function faultByNoble(octets: Uint8Array): string | undefined {
  try {
    return Point.fromBytes(octets, false).isSmallOrder() ? 'small-order' : undefined;
  } catch {
    return 'not-on-curve';
  }
}

test('encodings of a point that are not the shortest are no points', () => {
  // y = p + 1, and x = 0 with the sign bit set.
  for (const hex of [`ee${'ff'.repeat(30)}7f`, `01${'00'.repeat(30)}80`]) {
    assert.throws(() => PublicKey.fromBytes(Buffer.from(hex, 'hex')), { reason: 'not-on-curve' }, hex);
  }
});

test('a packet under a key of small order is none, though its signature solves the equation for every message', () => {
  // R = the identity and S = 0, for the identity as the key.
  const identity = Buffer.from(`01${'00'.repeat(31)}`, 'hex');
  const signature = Buffer.concat([identity, Buffer.alloc(32)]);
  const message = Buffer.from('000080000000000000000000', 'hex');
  const verdict = SignedPacket.fromBytes(Buffer.concat([identity, signature, Buffer.alloc(8), message]));
  assert.deepEqual(verdict, { ok: false, reason: 'bad-key' });
});

test('a key is found in every spelling that people paste', () => {
  const upper = key.text.toUpperCase();
  const spellings = [
    key.text,
    upper,
    ` ${key.text}\n`,
    `${key.text}.`,
    `pk:${key.text}`,
    `PK:${upper}`,
    `pk://${key.text}`,
    `pk://${key.text}/path/to.html?query=a.b#part`,
    `https://user@sub.${key.text}:8443/x`,
    `https://user:pass@word@${key.text}./`,
    `http://${key.text}.key/`,
    `sub.${key.text}`,
    `a.b.sub.${key.text}.`,
    `${key.text}:53`,
    `www.${key.text}.pkarr.example`,
    `${key.text}/`,
    `http://localhost:8053/${key.text}`,
    `https://relay.example/pkarr/${upper}?policy=CacheOnly`,
    `relay.example/pk:${key.text}#x`,
  ];
  for (const spelling of spellings) assert.ok(parsePastedKey(spelling).equals(key), spelling);
});

test('a text without a key is refused with a sentence that says why', () => {
  const cases: [string, RegExp][] = [
    ['', /no key/],
    ['example.com', /"com" is not a key|"example/],
    [key.text.slice(1), /51 characters/],
    [`l${key.text.slice(1)}`, /no character "l"/],
    [`${key.text.slice(0, 51)}b`, /last character must be y or o/],
    ['y'.repeat(52), /small order/],
    ['x'.repeat(5000), /5000 characters/],
    [`https://example.com/x/${key.text.slice(1)}`, /"com" is not a key/],
    [`https://example.com/?${key.text}`, /"com" is not a key/],
    [`https://example.com/${'y'.repeat(52)}`, /small order/],
  ];
  for (const [text, message] of cases) {
    assert.throws(
      () => parsePastedKey(text),
      (error) => error instanceof PublicKeyError && message.test(error.message),
      text,
    );
  }
});

test('whatever is pasted gives a key or the one error', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      try {
        parsePastedKey(text);
      } catch (error) {
        assert.ok(error instanceof PublicKeyError);
      }
    }),
  );
});

test('a key pair shows its seed in no print', () => {
  const seed = randomBytes(32);
  const pair = KeyPair.fromSeed(seed);
  const prints = [
    String(pair),
    `${inspect(pair, { showHidden: true, depth: 9 })}`,
    JSON.stringify({ pair }),
    inspect([pair]),
  ];
  for (const print of prints) {
    assert.ok(print.includes(pair.publicKey.text), print);
    for (const form of [seed.toString('hex'), seed.toString('base64'), seed.join(', ')])
      assert.ok(!print.includes(form));
  }
  assert.deepEqual(pair.exportSeed(), Uint8Array.from(seed));
  assert.throws(() => KeyPair.fromSeed(new Uint8Array(31)), RangeError);
  assert.deepEqual(
    KeyPair.generate((size) => new Uint8Array(size).fill(7)).exportSeed(),
    new Uint8Array(32).fill(7),
  );
});

test('what is almost a key is told why, and what else is long is not', () => {
  const { text } = key;
  assert.match(almostKey(text.slice(1)) ?? '', /51 characters/);
  assert.match(almostKey(`${text.slice(0, 30)}l${text.slice(30)}`) ?? '', /53 characters/);
  assert.match(almostKey(`0${text.slice(1)}`) ?? '', /no character "0"/);
  for (const other of [
    text,
    `${text}x`,
    text.slice(3),
    `${text.slice(2)}-`,
    `${text.slice(0, 20)}-.${text.slice(22)}`,
    '',
  ])
    assert.equal(almostKey(other), undefined, other);
});

test('browsers have the same verdict on every 32 octets', () => {
  const edges = ['00', '01', 'ec', 'ed', 'ee'].flatMap((low) =>
    ['7f', 'ff'].flatMap((high) => [
      Buffer.from(`${low}${'ff'.repeat(30)}${high}`, 'hex'),
      Buffer.from(`${low}${'00'.repeat(30)}${high === '7f' ? '00' : '80'}`, 'hex'),
    ]),
  );
  const orders = [
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  ];
  for (const octets of [
    ...edges,
    ...orders.map((hex) => Buffer.from(hex, 'hex')),
    new Uint8Array(31),
    new Uint8Array(33),
  ])
    assert.equal(pointFaultInBrowsers(octets), pointFault(octets), Buffer.from(octets).toString('hex'));
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (octets) => {
      assert.equal(pointFaultInBrowsers(octets), pointFault(octets));
    }),
  );
});
