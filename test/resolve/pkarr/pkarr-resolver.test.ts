import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { Cancellation } from '../../../src/async/cancellation.ts';
import { recordToText } from '../../../src/dns/presentation/rdata-text.ts';
import { aliasLoop } from '../../../src/resolve/alias-limit.ts';
import { type Answer, recordsAnswer, toRecords } from '../../../src/resolve/answer.ts';
import { ResolveError } from '../../../src/resolve/errors.ts';
import type { PacketReadOutcome } from '../../../src/resolve/packet-reader.ts';
import { PkarrResolver } from '../../../src/resolve/pkarr/pkarr-resolver.ts';
import type { Query } from '../../../src/resolve/query.ts';
import { packetOf, testKeyPair } from '../../pkarr/packets.ts';
import { queryFor, records } from '../layers.ts';

const { publicKey: key } = testKeyPair();
const packet = packetOf(`
www 3600 IN A 192.0.2.1
short 10 IN A 192.0.2.2
alias 3600 IN CNAME www.example.
svc 3600 IN HTTPS 0 pool.example.
sub 3600 IN NS ns.example.
@ 86400 IN SOA ns.example. host.example. 1 2 3 4 7200
`);

/** A resolver whose reader says `outcome`, and beyond the packet an answer with long TTLs in every section. */
function resolverFor(outcome: PacketReadOutcome) {
  const beyond: Answer = recordsAnswer({
    answers: records('www 7200 A 192.0.2.9'),
    authorities: records('@ 7200 NS ns'),
    additionals: records('ns 7200 A 192.0.2.10'),
  });
  const resolver = new PkarrResolver({
    packetReader: { read: async () => outcome },
    follow: { resolve: async () => beyond },
    delegation: { resolve: async () => beyond },
    negativeTtl: 60,
  });
  return async (name: string, type?: string) => {
    const query: Query = queryFor(`${name}.${key.text}`, type);
    const context = { cancellation: new Cancellation(), aliasesFollowed: 0 };
    return toRecords(await resolver.resolve(key, query, context));
  };
}

test('no record is promised for longer than the packet is fresh, in any section', async () => {
  const ask = resolverFor({ kind: 'found', packet, stale: false, timeToLive: 100 });
  for (const [name, type] of [
    ['www', 'A'],
    ['alias', 'A'],
    ['svc', 'HTTPS'],
    ['x.sub', 'A'],
    ['www', 'AAAA'],
    ['none', 'A'],
  ] as const) {
    const { answers, authorities, additionals } = await ask(name, type);
    const all = [...answers, ...authorities, ...additionals];
    assert.ok(all.length > 0);
    for (const record of all) assert.equal(record.ttl, 100, recordToText(record));
  }
  assert.equal((await ask('short')).answers[0]?.ttl, 10);
});

test('a stale packet is told as stale, for 30 s', async () => {
  const ask = resolverFor({ kind: 'found', packet, stale: true, timeToLive: 0 });
  const { answers, extendedErrors } = await ask('www');
  assert.equal(answers[0]?.ttl, 30);
  assert.deepEqual(extendedErrors, [
    { code: 3, text: 'Stale answer: the signed packet could not be refreshed.' },
  ]);
  assert.equal((await ask('short')).answers[0]?.ttl, 10);
});

for (const [what, follow] of [
  ['fails', () => Promise.reject(new ResolveError('upstream-silent', 'no answer'))],
  ['is an alias loop', () => Promise.reject(aliasLoop())],
  ['needs too many keys', () => Promise.reject(new ResolveError('too-many-keys', 'too many'))],
  ['takes long', () => new Promise<never>(() => {})],
] as const satisfies readonly (readonly [string, () => Promise<never>])[]) {
  test(`an HTTPS alias whose target ${what} is answered, without additional records`, async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      const resolver = new PkarrResolver({
        packetReader: { read: async () => ({ kind: 'found', packet, stale: false, timeToLive: 100 }) },
        follow: { resolve: follow },
        delegation: { resolve: follow },
        negativeTtl: 60,
      });
      const context = { cancellation: new Cancellation(), aliasesFollowed: 0 };
      const answering = resolver.resolve(key, queryFor(`svc.${key.text}`, 'HTTPS'), context);
      for (let i = 0; i < 10; i++) await Promise.resolve();
      mock.timers.tick(1_000);
      const { rcode, answers, additionals } = toRecords(await answering);
      assert.deepEqual([rcode, answers.length, additionals.length], [0, 1, 0]);
    } finally {
      mock.timers.reset();
    }
  });
}
