import assert from 'node:assert/strict';
import { test } from 'node:test';
import { acceptsHost, formatIpv4, networkOf, parseIpv4 } from '../../src/mainline/addresses.ts';
import { ExternalAddress } from '../../src/mainline/node/external-address.ts';
import { idInBucket, isSecureNodeId, secureNodeId, sharedBits } from '../../src/mainline/wire/node-id.ts';
import { fc } from '../support/property.ts';

/** BEP 42, "test vectors". */
const BEP_42 = [
  ['124.31.75.21', '5fbfbff10c5d6a4ec8a88e4c6ab4c28b95eee401'],
  ['21.75.31.124', '5a3ce9c14e7a08645677bbd1cfe7d8f956d53256'],
  ['65.23.51.170', 'a5d43220bc8f112a3d426c84764f8c2a1150e616'],
  ['84.124.73.14', '1b0321dd1bb1fe518101ceef99462b947a01ff41'],
  ['43.213.53.83', 'e56f6cbf5b7c4be0237986d5243b87aa6d51305a'],
] as const;

function ip(host: string): number {
  const address = parseIpv4(host);
  assert.ok(address !== undefined);
  return address;
}

for (const [host, id] of BEP_42) {
  test(`the id ${id.slice(0, 6)}… of BEP 42 belongs to ${host} and to no other vector's address`, () => {
    const bytes = Buffer.from(id, 'hex');
    assert.ok(isSecureNodeId(bytes, ip(host)));
    for (const [other] of BEP_42) if (other !== host) assert.ok(!isSecureNodeId(bytes, ip(other)));
  });

  test(`the id made for ${host} from the bytes of the vector is the vector`, () => {
    const seed = Buffer.from(id, 'hex');
    seed[0] = 0;
    seed[1] = 0;
    seed[2] = (seed[2] ?? 0) & 7;
    assert.equal(secureNodeId(ip(host), () => seed).toString('hex'), id);
  });
}

test('an id made for an address belongs to it, and every id belongs to a local address', () => {
  fc.assert(
    fc.property(
      fc.nat({ max: 0xffffffff }),
      fc.uint8Array({ minLength: 20, maxLength: 20 }),
      (address, bytes) => {
        assert.ok(
          isSecureNodeId(
            secureNodeId(address, () => bytes),
            address,
          ),
        );
        assert.ok(isSecureNodeId(bytes, ip('192.168.1.1')));
      },
    ),
  );
});

test('an id of a bucket has as many bits in common with ours as the bucket says, and the others are random', () => {
  const octets = fc.uint8Array({ minLength: 20, maxLength: 20 });
  fc.assert(
    fc.property(octets, octets, fc.nat({ max: 159 }), (id, random, bits) => {
      const other = idInBucket(id, bits, () => random);
      assert.equal(sharedBits(id, other), bits);
      assert.equal(other.length, 20);
      const [bytes, ours] = [random, other].map((each) => BigInt(`0x${Buffer.from(each).toString('hex')}`));
      assert.equal((bytes ?? 0n) % 2n ** BigInt(159 - bits), (ours ?? 0n) % 2n ** BigInt(159 - bits));
    }),
  );
});

test('our external address is what four hosts and more than half of all say', () => {
  const external = new ExternalAddress();
  for (const voter of ['a', 'b', 'c']) external.vote(voter, '1.2.3.4');
  external.vote('a', '1.2.3.4');
  assert.equal(external.agreed(), undefined, 'one host has one vote');
  external.vote('d', '1.2.3.4');
  assert.equal(external.agreed(), '1.2.3.4');
  for (const liar of ['e', 'f', 'g', 'h']) external.vote(liar, '6.6.6.6');
  assert.equal(external.agreed(), undefined, 'half is not more than half');
  for (let voter = 0; voter < 40; voter++) external.vote(`later ${voter}`, '5.6.7.8');
  assert.equal(external.agreed(), '5.6.7.8', 'an address that changed is noticed');
});

test('an IPv4 literal has one spelling, and nothing else is an address', () => {
  fc.assert(
    fc.property(fc.nat({ max: 0xffffffff }), (address) =>
      assert.equal(parseIpv4(formatIpv4(address)), address),
    ),
  );
  for (const text of [
    '',
    'localhost',
    '1.2.3',
    '1.2.3.4.5',
    '01.2.3.4',
    '256.1.1.1',
    '::1',
    '1.2.3.4 ',
    '1.2.3.-4',
  ]) {
    assert.equal(parseIpv4(text), undefined, text);
  }
});

test('private and special addresses are no nodes of the public network, loopback alone is of a test network', () => {
  for (const host of [
    '10.1.2.3',
    '100.127.255.255',
    '127.0.0.1',
    '172.16.0.1',
    '192.168.0.1',
    '198.19.0.1',
    '240.0.0.1',
  ]) {
    assert.ok(!acceptsHost('public', ip(host)), host);
  }
  for (const host of [
    '9.255.255.255',
    '100.128.0.0',
    '172.32.0.1',
    '192.167.1.1',
    '198.20.0.1',
    '223.255.255.255',
  ]) {
    assert.ok(acceptsHost('public', ip(host)), host);
    assert.ok(!acceptsHost('test', ip(host)), host);
  }
  assert.equal(
    networkOf([
      { host: '127.0.0.1', port: 1 },
      { host: '127.9.9.9', port: 2 },
    ]),
    'test',
  );
  assert.equal(
    networkOf([
      { host: '127.0.0.1', port: 1 },
      { host: '8.8.8.8', port: 2 },
    ]),
    'public',
  );
  assert.equal(networkOf([]), 'public');
});
