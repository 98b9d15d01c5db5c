import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cancellation } from '../../../src/async/cancellation.ts';
import { Rcode, Type } from '../../../src/dns/codes.ts';
import { Name } from '../../../src/dns/name.ts';
import type { ResourceRecord } from '../../../src/dns/record.ts';
import { syntheticSoa } from '../../../src/dns/soa.ts';
import { recordsAnswer, toRecords } from '../../../src/resolve/answer.ts';
import { createRouter } from '../../../src/resolve/router.ts';
import { answerSuffixes, isKeyName, namesOfKey } from '../../../src/resolve/special/suffix.ts';
import { aRecord, cnameRecord, testKey } from '../../support/packets.ts';
import { fc } from '../../support/property.ts';
import { forwarded, layered, queryFor, toLines } from '../layers.ts';

const key = testKey(1).publicKey.text;
const refused = `${'n'.repeat(51)}y`;
const suffixes = [Name.parse('key'), Name.parse('pk.example')];
const short = (text: string) => text.replaceAll(key, 'KEY').replaceAll(refused, 'REFUSED');
const long = (text: string) => text.replaceAll('KEY', key).replaceAll('REFUSED', refused);

/** What the resolver behind is asked for `name`. */
async function askedFor(name: string): Promise<string | undefined> {
  const { ask, asked } = layered(answerSuffixes(suffixes));
  await ask(queryFor(long(name)));
  return asked.map(short)[0];
}

/** What becomes of these records when they answer `name`, in lines. */
async function answerTo(name: string, parts: Parameters<typeof recordsAnswer>[0]) {
  const { lines } = layered(answerSuffixes(suffixes), () => recordsAnswer(parts));
  return (await lines(queryFor(long(name)))).map(short);
}

test('the label right before a suffix decides what is asked', async () => {
  const cases: readonly (readonly [name: string, asked: string])[] = [
    ['www.KEY.key', 'www.KEY. 1'],
    ['KEY.key', 'KEY. 1'],
    ['www.KEY.KEY', 'www.KEY.KEY. 1'],
    ['www.KEY.pk.example', 'www.KEY. 1'],
    ['a.b.*.KEY.key', 'a.b.*.KEY. 1'],
    ['www.REFUSED.key', 'www.REFUSED. 1'],
    ['REFUSED.pk.example', 'REFUSED. 1'],
    ['www.KEY.internal', 'www.KEY. 1'],
    ['KEY.INTERNAL', 'KEY. 1'],
    // Names of others.
    ['REFUSED.internal', 'REFUSED.internal. 1'],
    ['www.pk:KEY.internal', 'www.pk:KEY.internal. 1'],
    ['KEY.corp.internal', 'KEY.corp.internal. 1'],
    ['intranet.internal', 'intranet.internal. 1'],
    ['internal', 'internal. 1'],
    ['foo.key', 'foo.key. 1'],
    ['key', 'key. 1'],
    ['KEY.foo.key', 'KEY.foo.key. 1'],
    ['KEY.example', 'KEY.example. 1'],
    ['www.KEY', 'www.KEY. 1'],
  ];
  for (const [name, expected] of cases) assert.equal(await askedFor(name), expected, name);
});

test('upper case is the same key and the same suffix', async () => {
  const name = `www.${key.toUpperCase()}.KeY`;
  const { ask, asked } = layered(answerSuffixes(suffixes), () =>
    recordsAnswer({ answers: [aRecord(`www.${key}`)] }),
  );
  const { answers } = toRecords(await ask(queryFor(name)));
  assert.equal(asked[0], `www.${key.toUpperCase()}. 1`);
  assert.equal(answers[0]?.name.toString(), `www.${key.toUpperCase()}.KeY.`);
});

test('names in the answer are as asked, aliases inside of the zone and the SOA too', async () => {
  const chain = [
    cnameRecord(long('a.KEY'), long('b.KEY')),
    cnameRecord(long('b.KEY'), 'c.example'),
    cnameRecord('c.example', long('d.KEY')),
    aRecord(long('d.KEY')),
  ];
  assert.deepEqual(await answerTo('a.KEY.key', { answers: chain }), [
    'NOERROR',
    'a.KEY.key. 600 IN CNAME b.KEY.key.',
    'b.KEY.key. 600 IN CNAME c.example.',
    'c.example. 600 IN CNAME d.KEY.key.',
    'd.KEY.key. 600 IN A 192.0.2.1',
  ]);
  const soa = syntheticSoa(Name.parse(key), 1, 60);
  assert.deepEqual(await answerTo('a.KEY.pk.example', { rcode: Rcode.NXDOMAIN, authorities: [soa] }), [
    'NXDOMAIN',
    'SOA of KEY.pk.example. for 60 s',
  ]);
});

test('names of other keys and names inside of other data stay as they are', async () => {
  const other = testKey(2).publicKey.text;
  const lines = await answerTo('a.KEY.key', {
    answers: [cnameRecord(long('a.KEY'), `x.${other}`), aRecord(`x.${other}`)],
  });
  assert.deepEqual(lines.slice(1), [`a.KEY.key. 600 IN CNAME x.${other}.`, `x.${other}. 600 IN A 192.0.2.1`]);
  const target = Name.parse(long('mail.KEY')).toWire();
  const mx: ResourceRecord = {
    ...aRecord(key),
    type: Type.MX,
    rdata: Uint8Array.from(Buffer.concat([Buffer.of(0, 10), target])),
  };
  assert.deepEqual(await answerTo('KEY.key', { answers: [mx] }), [
    'NOERROR',
    'KEY.key. 600 IN MX 10 mail.KEY.',
  ]);
});

test('a name that is too long with the suffix keeps its form as target and as owner', async () => {
  const labels = ['a'.repeat(63), 'b'.repeat(63), 'c'.repeat(63), 'd'.repeat(8), key];
  const longest = Name.fromLabels(labels);
  assert.equal(longest.wireLength, 255);
  const answers = [
    { ...cnameRecord(long('w.KEY'), key), rdata: longest.toWire() },
    { ...aRecord(key), name: longest },
  ];
  const { ask } = layered(answerSuffixes(suffixes), () => recordsAnswer({ answers }));
  const [alias, address] = toRecords(await ask(queryFor(long('w.KEY.key')))).answers;
  assert.equal(alias?.name.toString(), long('w.KEY.key.'));
  assert.deepEqual(alias?.rdata, longest.toWire());
  assert.equal(address?.name.toString(), longest.toString());
});

test('signatures of other names are left out', async () => {
  const rdata = Uint8Array.from(Buffer.concat([Buffer.alloc(18), Name.parse(key).toWire()]));
  const signature: ResourceRecord = { ...aRecord(long('a.KEY')), type: Type.RRSIG, rdata };
  const lines = await answerTo('a.KEY.key', { answers: [aRecord(long('a.KEY')), signature] });
  assert.deepEqual(lines, ['NOERROR', 'a.KEY.key. 600 IN A 192.0.2.1']);
});

test('what has the shape of a key and is none is NXDOMAIN under its suffix, and nobody is asked', async () => {
  const asked: string[] = [];
  const router = createRouter({
    pkarr: { resolve: () => Promise.reject(new Error('asked for a packet')) },
    ordinary: {
      async resolve(query) {
        asked.push(query.question.name.toString());
        return forwarded(query, {});
      },
    },
    negativeTtl: 60,
  });
  const context = { cancellation: new Cancellation(), aliasesFollowed: 0 };
  const answer = await answerSuffixes(suffixes)(router).resolve(queryFor(long('www.REFUSED.key')), context);
  assert.deepEqual(toLines(answer).map(short), [
    'NXDOMAIN',
    'SOA of REFUSED.key. for 60 s',
    'extended error 0',
  ]);
  assert.match(toRecords(answer).extendedErrors[0]?.text ?? '', /Not a valid public key/);
  assert.deepEqual(asked, []);
});

test('without suffixes a valid key before "internal" is a key, and nothing else below a domain', async () => {
  for (const [name, isKey] of [
    ['www.KEY.internal', true],
    ['KEY', true],
    ['REFUSED.internal', false],
    ['KEY.key', false],
    ['internal', false],
  ] as const)
    assert.equal(isKeyName(Name.parse(long(name)), []), isKey, name);
  const { ask, asked } = layered(answerSuffixes([]));
  await ask(queryFor(long('www.KEY.internal')));
  assert.deepEqual(asked.map(short), ['www.KEY. 1']);
});

test('what upstreams must not be asked is told with and without a suffix', () => {
  for (const name of ['KEY', 'a.KEY', 'REFUSED', 'a.KEY.key', 'REFUSED.pk.example'])
    assert.equal(isKeyName(Name.parse(long(name)), suffixes), true, name);
  for (const name of ['.', 'key', 'a.key', 'KEY.example', 'KEY.a.key'])
    assert.equal(isKeyName(Name.parse(long(name)), suffixes), false, name);
});

test('the names of a key are its own and that under each suffix with room for it', () => {
  const roomless = Name.parse(Array(4).fill('a'.repeat(50)).join('.'));
  const names = namesOfKey(testKey(1).publicKey, [...suffixes, roomless]);
  assert.deepEqual(
    names.map((name) => short(name.toString())),
    ['KEY.', 'KEY.key.', 'KEY.pk.example.', 'KEY.internal.'],
  );
});

test('whatever stands before the key, the owner that was asked is the owner of the answer', async () => {
  const label = fc.string({ minLength: 1, maxLength: 20, unit: 'binary-ascii' });
  await fc.assert(
    fc.asyncProperty(fc.array(label, { maxLength: 5 }), async (labels) => {
      const asked = Name.fromLabels([...labels, key, 'key']);
      const { ask } = layered(answerSuffixes(suffixes), ({ question }) =>
        recordsAnswer({ answers: [{ ...aRecord(key), name: question.name }] }),
      );
      const query = queryFor('x');
      const answer = toRecords(await ask({ ...query, question: { ...query.question, name: asked } }));
      assert.equal(answer.answers[0]?.name.toString(), asked.toString());
    }),
  );
});
