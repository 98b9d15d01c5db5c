import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rcode, Type } from '../../../src/dns/codes.ts';
import { Name } from '../../../src/dns/name.ts';
import { syntheticSoa } from '../../../src/dns/soa.ts';
import { recordsAnswer } from '../../../src/resolve/answer.ts';
import type { Layer } from '../../../src/resolve/query.ts';
import { answerPetnames, Petnames } from '../../../src/resolve/special/petnames.ts';
import { aRecord, cnameRecord, testKey } from '../../support/packets.ts';
import { layered, queryFor } from '../layers.ts';

const key = testKey(1).publicKey.text;
const other = testKey(2).publicKey.text;
const alice = new Petnames([
  { label: 'alice', key },
  { label: 'bob', key: other },
]);
const short = (text: string) => text.replaceAll(key, 'KEY').replaceAll(other, 'OTHER');
const long = (text: string) => text.replaceAll('KEY', key);

/** The layer with routes for these domains. */
function withRoutes(...routes: readonly string[]) {
  const domains = routes.map((text) => Name.parse(text)).sort((a, b) => b.wireLength - a.wireLength);
  return answerPetnames({ petnames: alice, routeOf: (name) => domains.find((one) => name.isWithin(one)) });
}

async function askedFor(name: string, layer: Layer = withRoutes()): Promise<string | undefined> {
  const { ask, asked } = layered(layer);
  await ask(queryFor(long(name)));
  return asked.map(short)[0];
}

test('the label before internal decides which key is asked for', async () => {
  const cases: readonly (readonly [name: string, asked: string])[] = [
    ['alice.internal', 'KEY. 1'],
    ['www.alice.internal', 'www.KEY. 1'],
    ['WWW.Alice.INTERNAL', 'WWW.KEY. 1'],
    ['a.*.bob.internal', 'a.*.OTHER. 1'],
    // Names of others.
    ['carol.internal', 'carol.internal. 1'],
    ['alice.corp.internal', 'alice.corp.internal. 1'],
    ['internal', 'internal. 1'],
    ['alice', 'alice. 1'],
    ['alice.internal.example', 'alice.internal.example. 1'],
    ['alice.example', 'alice.example. 1'],
    ['KEY.internal', 'KEY.internal. 1'],
    ['KEY.alice.internal', 'KEY.KEY. 1'],
  ];
  for (const [name, expected] of cases) assert.equal(await askedFor(name), expected, name);
});

test('a route below internal has precedence, and one for all of internal gets what is left', async () => {
  const below = withRoutes('alice.internal', 'x.bob.internal');
  assert.equal(await askedFor('www.alice.internal', below), 'www.alice.internal. 1');
  assert.equal(await askedFor('bob.internal', below), 'OTHER. 1');
  assert.equal(await askedFor('y.x.bob.internal', below), 'y.x.bob.internal. 1');
  const whole = withRoutes('internal');
  assert.equal(await askedFor('www.alice.internal', whole), 'www.KEY. 1');
  assert.equal(await askedFor('carol.internal', whole), 'carol.internal. 1');
});

test('what stands before petnames answers first, and only for petnames', async () => {
  const seen: string[] = [];
  const before: Layer = (inner) => ({
    async resolve(query, context) {
      seen.push(String(query.question.name));
      return query.question.type === Type.A
        ? recordsAnswer({ answers: [aRecord('alice.internal', '192.0.2.9')] })
        : await inner.resolve(query, context);
    },
  });
  const { asked, ask, lines } = layered(
    answerPetnames({ petnames: alice, routeOf: () => undefined, before }),
  );
  assert.deepEqual(await lines(queryFor('alice.internal')), [
    'NOERROR',
    'alice.internal. 600 IN A 192.0.2.9',
  ]);
  await ask(queryFor('alice.internal', 'TXT'));
  await ask(queryFor('example.org'));
  assert.deepEqual(asked.map(short), ['KEY. 16', 'example.org. 1']);
  assert.deepEqual(seen, ['alice.internal.', 'alice.internal.']);
});

test('owner names and alias targets are moved under the petname, and nothing is kept for more than a minute', async () => {
  const { lines } = layered(withRoutes(), () =>
    recordsAnswer({
      answers: [
        cnameRecord(`www.${key}`, `${key}`, 3_600),
        aRecord(key, '192.0.2.1', 30),
        cnameRecord(`mail.${key}`, `mail.${other}`),
      ],
    }),
  );
  assert.deepEqual((await lines(queryFor('www.alice.internal'))).map(short), [
    'NOERROR',
    'www.alice.internal. 60 IN CNAME alice.internal.',
    'alice.internal. 30 IN A 192.0.2.1',
    'mail.alice.internal. 60 IN CNAME mail.OTHER.',
  ]);
});

test('that there is no such name is kept for a minute at most, too', async () => {
  const { lines } = layered(withRoutes(), () =>
    recordsAnswer({ rcode: Rcode.NXDOMAIN, authorities: [syntheticSoa(Name.parse(key), 1, 900)] }),
  );
  assert.deepEqual(await lines(queryFor('x.alice.internal')), [
    'NXDOMAIN',
    'SOA of alice.internal. for 60 s',
  ]);
});

test('a name for which there is no room below the key does not exist', async () => {
  const name = `${'a.'.repeat(119)}alice.internal`;
  assert.ok(Name.parse(name).wireLength > 250);
  const { lines, asked } = layered(withRoutes());
  assert.deepEqual(await lines(queryFor(name)), ['NXDOMAIN', 'SOA of alice.internal. for 60 s']);
  assert.deepEqual(asked, []);
});

test('a change tells the names that mean something else', () => {
  const names = new Petnames([
    { label: 'a', key },
    { label: 'b', key },
    { label: 'c', key },
  ]);
  const changed = names.replace([
    { label: 'a', key },
    { label: 'B', key: other },
    { label: 'd', key },
    { label: 'no key', key: 'KEY' },
  ]);
  assert.deepEqual(changed.map(String), ['b.internal.', 'c.internal.', 'd.internal.']);
  assert.deepEqual(names.namesOf(testKey(1).publicKey).map(String), ['a.internal.', 'd.internal.']);
  assert.equal(names.find(Name.parse('x.b.internal'))?.key.text, other);
  assert.equal(names.find(Name.parse('c.internal')), undefined);
});
