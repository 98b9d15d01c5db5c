import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cancellation } from '../../../src/async/cancellation.ts';
import { Rcode } from '../../../src/dns/codes.ts';
import { ExtendedErrorCode } from '../../../src/dns/extended-error.ts';
import { recordToText } from '../../../src/dns/presentation/rdata-text.ts';
import { recordsAnswer, toRecords } from '../../../src/resolve/answer.ts';
import { limitPacketAddresses } from '../../../src/resolve/pkarr/packet-addresses.ts';
import { testKeyPair } from '../../pkarr/packets.ts';
import { forwarded, queryFor, records, toLines } from '../layers.ts';

const { publicKey: key } = testKeyPair();
const context = { cancellation: new Cancellation(), aliasesFollowed: 0 };

/** What is left of an answer with the records of `zone`, in lines, KEY standing for the key. */
async function left(zone: readonly string[], allowPrivate: boolean, allowLoopback: boolean) {
  const answer = recordsAnswer({ answers: records(...zone) });
  const policy = { allowPrivate, allowLoopback, negativeTtl: 60 };
  const route = limitPacketAddresses({ resolve: async () => answer }, policy);
  const lines = toLines(await route.resolve(key, queryFor(`www.${key.text}`), context));
  return lines.map((line) => line.replaceAll(key.text, 'KEY'));
}

const gone = ['NOERROR', 'SOA of KEY. for 60 s', 'extended error 15'];

test('addresses of private networks are for each owner to give, loopback is not, as it comes', async () => {
  const cases: readonly (readonly [zone: string, ...lines: string[]])[] = [
    ['www A 192.168.1.1', 'NOERROR', 'www.example. 600 IN A 192.168.1.1'],
    ['www AAAA fd00::1', 'NOERROR', 'www.example. 600 IN AAAA fd00::1'],
    ['www A 169.254.0.1', 'NOERROR', 'www.example. 600 IN A 169.254.0.1'],
    ['www A 192.0.2.1', 'NOERROR', 'www.example. 600 IN A 192.0.2.1'],
    ['www A 127.0.0.1', ...gone],
    ['www A 0.0.0.0', ...gone],
    ['www AAAA ::1', ...gone],
    ['www AAAA ::ffff:127.0.0.1', ...gone],
    ['www HTTPS 1 . ipv4hint=127.0.0.1', ...gone],
    ['www HTTPS 1 . ipv6hint=::1', ...gone],
  ];
  for (const [zone, ...expected] of cases) assert.deepEqual(await left([zone], true, false), expected, zone);
});

test('private addresses can be denied, and loopback allowed, each for itself', async () => {
  for (const zone of ['www A 10.0.0.1', 'www AAAA fe80::1', 'www HTTPS 1 . ipv4hint=192.168.0.1']) {
    assert.deepEqual(await left([zone], false, true), gone, zone);
  }
  assert.deepEqual(await left(['www A 127.0.0.1'], false, true), [
    'NOERROR',
    'www.example. 600 IN A 127.0.0.1',
  ]);
});

test('the other records of an answer stay', async () => {
  assert.deepEqual(await left(['www A 127.0.0.1', 'www A 192.0.2.1'], true, false), [
    'NOERROR',
    'www.example. 600 IN A 192.0.2.1',
    'extended error 15',
  ]);
});

test('aliases that led to a denied address stay, and the answer is NODATA behind them', async () => {
  assert.deepEqual(await left(['www CNAME localhost.', 'other A 127.0.0.1'], true, false), [
    'NOERROR',
    'www.example. 600 IN CNAME localhost.',
    'SOA of KEY. for 60 s',
    'extended error 15',
  ]);
});

test('additional records with denied addresses are left out as well', async () => {
  const answer = recordsAnswer({
    answers: records('www HTTPS 0 other'),
    additionals: records(
      'other A 127.0.0.1',
      'other A 192.0.2.1',
      'other A 10.0.0.1',
      'other HTTPS 1 . ipv6hint=::1',
    ),
  });
  const kept = async (allowPrivate: boolean, allowLoopback: boolean) => {
    const policy = { allowPrivate, allowLoopback, negativeTtl: 60 };
    const route = limitPacketAddresses({ resolve: async () => answer }, policy);
    const { answers, authorities, additionals, extendedErrors } = toRecords(
      await route.resolve(key, queryFor(`www.${key.text}`, 'HTTPS'), context),
    );
    assert.deepEqual(toLines(recordsAnswer({ answers })), [
      'NOERROR',
      'www.example. 600 IN HTTPS 0 other.example.',
    ]);
    assert.deepEqual([authorities.length, extendedErrors[0]?.code], [0, ExtendedErrorCode.BLOCKED]);
    return additionals.map(recordToText);
  };
  assert.deepEqual(await kept(true, false), [
    'other.example. 600 IN A 192.0.2.1',
    'other.example. 600 IN A 10.0.0.1',
  ]);
  assert.deepEqual(await kept(false, false), ['other.example. 600 IN A 192.0.2.1']);
});

test('an answer without denied addresses is passed on as it is, negative ones too', async () => {
  const policy = { allowPrivate: true, allowLoopback: false, negativeTtl: 60 };
  for (const parts of [{ rcode: Rcode.NXDOMAIN }, { answers: records('www CNAME other') }]) {
    const answer = recordsAnswer(parts);
    const route = limitPacketAddresses({ resolve: async () => answer }, policy);
    assert.equal(await route.resolve(key, queryFor(key.text), context), answer);
  }
});

test('with everything allowed nothing stands between', async () => {
  const query = queryFor(key.text);
  const inner = { resolve: async () => forwarded(query, {}) };
  assert.equal(
    limitPacketAddresses(inner, { allowPrivate: true, allowLoopback: true, negativeTtl: 60 }),
    inner,
  );
});
