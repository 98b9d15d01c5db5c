import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Name } from '../../../src/dns/name.ts';
import { recordsAnswer, toRecords } from '../../../src/resolve/answer.ts';
import { createRouter } from '../../../src/resolve/router.ts';
import { keepStrayKeys, SearchDomains } from '../../../src/resolve/special/stray-keys.ts';
import { answerSuffixes } from '../../../src/resolve/special/suffix.ts';
import { testKey } from '../../support/packets.ts';
import { forwarded, layered, queryFor, toLines } from '../layers.ts';

const key = testKey(1).publicKey.text;
const refused = `${'n'.repeat(51)}y`;

function scene(
  system: readonly string[] = [],
  clients: readonly string[] = [],
  routes: readonly string[] = [],
) {
  const clock = { now: 0 };
  /** What the files of the system say, and how often they were read. */
  const files = { search: system, reads: 0 };
  const searchDomains = new SearchDomains({
    clients: clients.map((text) => Name.parse(text)),
    async read() {
      files.reads++;
      return files.search;
    },
    now: () => clock.now,
  });
  searchDomains.setSystem(system);
  const suffixes = [Name.parse('key'), Name.parse('pk.example')];
  const hasRoute = (name: Name) => routes.some((route) => name.isWithin(Name.parse(route)));
  const layer = keepStrayKeys({ searchDomains, suffixes, hasRoute, negativeTtl: 60 });
  return { searchDomains, clock, files, ...layered(layer) };
}

test('a key directly before a search domain does not go out, with names below it too', async () => {
  const { asked, lines } = scene(['wild.example', 'Corp.Example.', '.', 'bad..name'], ['guests.example']);
  const names = [
    'KEY.wild.example',
    'www.KEY.wild.example',
    '_443._tcp.KEY.WILD.Example',
    'KEY.corp.example',
    'KEY.guests.example',
    'KEY.lan',
    'www.KEY.home',
    'KEY.localdomain',
    'KEY.corp',
    'KEY.home.arpa',
    'KEY.key.lan',
    'www.KEY.Key.wild.example',
    'KEY.pk.example.guests.example',
  ];
  for (const name of names) {
    for (const text of [key, key.toUpperCase(), refused, `pk:${key}`]) {
      const [rcode, soa, error] = await lines(queryFor(name.replace('KEY', text), 'HTTPS'));
      assert.deepEqual([rcode, error], ['NXDOMAIN', 'extended error 15'], name);
      assert.match(soa ?? '', new RegExp(`^SOA of ${text}\\.[a-z.]+ for 60 s$`, 'i'));
    }
  }
  assert.deepEqual(asked, []);
});

test('names of others that carry a key are ordinary', async () => {
  const { asked, ask } = scene(['wild.example']);
  const names = [
    `_iroh.${key}.dns.iroh.link`,
    `${key}.example`,
    `${key}.b.wild.example`,
    `${key}.lan.example`,
    `${key}.key.example`,
    `${key}.pk.lan`,
    'www.wild.example',
    `${key.slice(1)}.b.wild.example`,
    `${key.slice(3)}.wild.example`,
    key.slice(3),
    `${key.slice(1)}.example`,
    `${key.slice(0, 25)}-${key.slice(26)}`,
    'www.lan',
  ];
  for (const name of names) assert.equal((await ask(queryFor(name))).kind, 'forwarded', name);
  assert.equal(asked.length, names.length);
});

/** What people make of a key when they copy it by hand. */
const almostKeys = [
  [key.slice(1), 'it has 51 characters, and a key has 52'],
  [key.slice(2), 'it has 50 characters, and a key has 52'],
  [`${key.slice(0, 20)}2${key.slice(21)}`, 'z-base32 has no character "2"'],
  [`${key.slice(0, 20)}L${key.slice(21)}`.toUpperCase(), 'z-base32 has no character "L"'],
  [`${key.slice(0, 20)}l${key.slice(20)}`, 'it has 53 characters, and a key has 52'],
  [`${key.slice(0, 20)}v0${key.slice(20)}`, 'it has 54 characters, and a key has 52'],
] as const;

test('what is almost a key does not go out at the end of a name, before a suffix or before a search domain', async () => {
  const { asked, ask, lines } = scene(['wild.example']);
  for (const [label, why] of almostKeys) {
    for (const name of [label, `www.${label}`, `${label}.key`, `_443._tcp.${label}.pk.example`]) {
      const answer = toRecords(await ask(queryFor(name)));
      assert.deepEqual(
        [answer.rcode, answer.extendedErrors[0]?.text],
        [3, `Not a valid public key: ${why}.`],
        name,
      );
      assert.ok(Name.parse(name).isWithin(answer.authorities[0]?.name ?? Name.parse('wrong')));
    }
    for (const name of [`${label}.wild.example`, `www.${label}.lan`])
      assert.equal((await lines(queryFor(name)))[0], 'NXDOMAIN', name);
  }
  assert.deepEqual(asked, []);
});

test('a route for what is almost a key goes on working', async () => {
  const [[label]] = almostKeys;
  const { asked, ask } = scene(['wild.example'], [], [label, 'wild.example']);
  const names = [label, `www.${label}`, `${label}.wild.example`];
  for (const name of names) assert.equal((await ask(queryFor(name))).kind, 'forwarded', name);
  assert.equal(asked.length, names.length);
});

test('a label that was pasted from a URL does not go out, wherever it stands', async () => {
  const { asked, lines } = scene();
  for (const label of [`${key}:8080`, `https://${key}`, `${key}/index`, `user@${key}`, `pk:${key}`]) {
    for (const name of [`${label}.example`, `www.${label}.html`]) {
      assert.equal((await lines(queryFor(name)))[0], 'NXDOMAIN', name);
    }
  }
  assert.deepEqual(asked, []);
});

test('the search domains of another network replace those of the one before, which count for another minute', async () => {
  const { searchDomains, clock, files, ask } = scene(['old.example'], ['guests.example']);
  const isKept = async (name: string) => (await ask(queryFor(`${key}.${name}`))).kind === 'records';
  assert.deepEqual([await isKept('old.example'), await isKept('new.example')], [true, false]);
  files.search = ['new.example'];
  searchDomains.setSystem(['new.example']);
  clock.now = 59_999;
  const all = ['old.example', 'new.example', 'guests.example', 'lan'];
  assert.deepEqual(await Promise.all(all.map(isKept)), [true, true, true, true]);
  clock.now = 60_000;
  assert.deepEqual(await Promise.all(all.map(isKept)), [false, true, true, true]);
});

test('a search domain counts as soon as the files of the system have it, although nobody told of a change', async () => {
  const { files, asked, lines, ask } = scene();
  assert.equal((await ask(queryFor(`${key}.new.example`))).kind, 'forwarded');
  files.search = ['new.example', '.', 'bad..name'];
  assert.equal((await lines(queryFor(`www.${key}.NEW.example`)))[0], 'NXDOMAIN');
  assert.equal(asked.length, 1);
  // For nothing else are files read.
  const { reads } = files;
  await ask(queryFor('www.new.example'));
  await ask(queryFor(`${key}.lan`));
  assert.equal(files.reads, reads);
});

test('a search domain that is a suffix answers for the key', async () => {
  const searchDomains = new SearchDomains({
    clients: [Name.parse('key')],
    read: async () => [],
    now: () => 0,
  });
  searchDomains.setSystem(['key']);
  const suffixes = answerSuffixes([Name.parse('key'), Name.parse('lan')]);
  const router = suffixes(
    createRouter({
      pkarr: { resolve: async () => recordsAnswer({}) },
      ordinary: keepStrayKeys({ searchDomains, suffixes: [], hasRoute: () => false, negativeTtl: 60 })({
        resolve: async (query) => forwarded(query, {}),
      }),
      negativeTtl: 60,
    }),
  );
  const { ask } = layered(() => router);
  for (const name of [`${key}.key`, `www.${key}.lan`]) {
    assert.deepEqual(toLines(await ask(queryFor(name))), ['NOERROR'], name);
  }
  assert.equal(toRecords(await ask(queryFor(`${key}.home`))).rcode, 3);
});

test('a last label that has a key among other characters is refused, and nobody is asked', async () => {
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
  const { ask } = layered(() => router);
  for (const label of [`pk:${key}`, `${key}:8080`, `https://${key}`, `${key}x`, `pk:${key.toUpperCase()}`]) {
    for (const name of [label, `www.${label}`]) {
      const { rcode, extendedErrors } = toRecords(await ask(queryFor(name)));
      assert.equal(rcode, 3, name);
      assert.match(extendedErrors[0]?.text ?? '', /^Not a valid public key: the label has other characters/);
    }
  }
  assert.deepEqual(asked, []);
});
