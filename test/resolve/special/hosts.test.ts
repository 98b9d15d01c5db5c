import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { encodeMessage } from '../../../src/dns/message.ts';
import { Name } from '../../../src/dns/name.ts';
import { hostsLayer } from '../../../src/resolve/special/hosts.ts';
import {
  HostsFile,
  type HostsReading,
  LOOK_EVERY,
  MAX_HOSTS_BYTES,
} from '../../../src/resolve/special/hosts-file.ts';
import {
  emptyHosts,
  MAX_HOST_NAMES,
  MAX_PROBLEMS,
  parseHosts,
} from '../../../src/resolve/special/hosts-table.ts';
import { query } from '../../support/dns-client.ts';
import { fc } from '../../support/property.ts';
import { forwarded, layered, queryFor, records } from '../layers.ts';

const file = `
# A comment, and lines of nothing

127.0.0.1\tlocalhost localhost.localdomain box   # and one at the end
::1 localhost ip6-localhost
192.168.1.7   nas.lan nas\r
192.168.1.7 second.lan
192.168.1.8 nas.lan
fd00::7 NAS.lan.
0.0.0.0 ads.example
`;

async function hosts(text: string) {
  const { table } = await parseHosts(text);
  return layered(hostsLayer({ current: () => table }));
}

const absence = (name: string) => ['NOERROR', `SOA of ${name}. for 5 s`];
const upstream = ['NXDOMAIN'];

test('names of the file have its addresses, and no others', async () => {
  const cases: readonly (readonly [name: string, type: string, ...lines: string[]])[] = [
    ['nas.lan', 'A', 'NOERROR', 'nas.lan. 5 IN A 192.168.1.7', 'nas.lan. 5 IN A 192.168.1.8'],
    ['NAS.Lan', 'AAAA', 'NOERROR', 'NAS.Lan. 5 IN AAAA fd00::7'],
    ['nas', 'A', 'NOERROR', 'nas. 5 IN A 192.168.1.7'],
    ['nas', 'AAAA', ...absence('nas')],
    ['nas', 'HTTPS', ...absence('nas')],
    ['ads.example', 'A', 'NOERROR', 'ads.example. 5 IN A 0.0.0.0'],
    ['box', 'A', 'NOERROR', 'box. 5 IN A 127.0.0.1'],
    ['7.1.168.192.in-addr.arpa', 'PTR', 'NOERROR', '7.1.168.192.in-addr.arpa. 5 IN PTR nas.lan.'],
    ['unknown.lan', 'A', ...upstream],
    ['x.nas.lan', 'A', ...upstream],
    ['9.1.168.192.in-addr.arpa', 'PTR', ...upstream],
    ['7.1.168.192.in-addr.arpa', 'TXT', ...upstream],
    // What localhost is, and whose addresses these are, no file says.
    ['localhost', 'A', ...upstream],
    ['1.0.0.127.in-addr.arpa', 'PTR', ...upstream],
    ['0.0.0.0.in-addr.arpa', 'PTR', ...upstream],
  ];
  const { lines } = await hosts(file);
  for (const [name, type, ...expected] of cases) {
    assert.deepEqual(await lines(queryFor(name, type)), expected, `${name} ${type}`);
  }
});

test('an IPv6 address has its PTR record too', async () => {
  const { lines } = await hosts('2001:db8::1 six');
  const name = `1.${'0.'.repeat(23)}8.b.d.0.1.0.0.2.ip6.arpa`;
  assert.deepEqual(await lines(queryFor(name, 'PTR')), ['NOERROR', `${name}. 5 IN PTR six.`]);
});

test('a name of the file has no HTTPS or SVCB records, whose hints would lead around the file', async () => {
  const { table } = await parseHosts('192.0.2.1 www.example');
  const { lines, asked } = layered(hostsLayer({ current: () => table }));
  for (const type of ['HTTPS', 'SVCB']) {
    assert.deepEqual(await lines(queryFor('www.example', type)), absence('www.example'));
  }
  assert.deepEqual(asked, []);
});

test('types that the file knows nothing of are asked on, and a name of the file exists whatever they say there', async () => {
  const { table } = await parseHosts('192.0.2.1 www.example');
  const layer = hostsLayer({ current: () => table });
  const missing = layered(layer);
  assert.deepEqual(await missing.lines(queryFor('www.example', 'MX')), absence('www.example'));
  assert.deepEqual(missing.asked, ['www.example. 15']);
  const there = layered(layer, (query) => forwarded(query, { answers: records('www MX 10 mail') }));
  assert.deepEqual(await there.lines(queryFor('www.example', 'MX')), [
    'NOERROR',
    'www.example. 600 IN MX 10 mail.example.',
  ]);
});

test('what cannot be read is reported with its line, and the rest counts', async () => {
  const lines = [
    '192.0.2.1 a',
    '192.0.2.256 b',
    'fe80::1%lo0 c',
    '192.0.2.2',
    '192.0.2.3 d..e f b\u00fccher',
  ];
  const { table, problems } = await parseHosts(
    [...lines, '192.0.2.4 g', `192.0.2.5 ${'x'.repeat(64)}`].join('\n'),
  );
  assert.deepEqual(
    problems.map(({ line }) => line),
    [2, 3, 4, 5, 5, 7],
  );
  for (const { message } of problems) assert.match(message, /^\S.*\.$/);
  assert.equal(table.size, 3);
  for (const name of ['a', 'f', 'g']) assert.ok(table.addressesOf(Name.parse(name)), name);
});

test('a line of any length is read', async () => {
  const names = Array.from({ length: 30_000 }, (_, i) => `n${i}.example`);
  const { table, problems } = await parseHosts(`0.0.0.0 ${names.join(' ')} # and a comment\n192.0.2.1 last`);
  assert.deepEqual([table.size, problems], [names.length + 1, []]);
  for (const name of ['n0.example', 'n29999.example', 'last']) {
    assert.ok(table.addressesOf(Name.parse(name)), name);
  }
});

test('names of which no hosts file decides are left out, and told', async () => {
  const { table, problems } = await parseHosts(
    '192.0.2.1 mine yours also-mine',
    (name) => name.labels[0] === 'yours',
  );
  assert.equal(table.size, 2);
  assert.deepEqual(problems, [
    { line: 1, message: '"yours" is the name of a key, which only its owner\'s packet can answer.' },
  ]);
});

test('any text is read without a throw, and reports are bounded', async () => {
  const word = fc.oneof(
    fc.constantFrom('192.0.2.1', '::1', '#', 'a', '.', '\\', '\\300', '\0', '%'),
    fc.string(),
  );
  const text = fc.array(fc.tuple(word, fc.constantFrom(' ', '\t', '\n', '\r\n')), { maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(text, async (pieces) => {
      const { problems } = await parseHosts(pieces.flat().join(''));
      assert.ok(problems.length <= MAX_PROBLEMS);
    }),
  );
});

test('names are bounded, and what is over the bound is told', async () => {
  const lines = Array.from({ length: MAX_HOST_NAMES + 10 }, (_, i) => `0.0.0.0 h${i}`);
  const { table, problems } = await parseHosts(lines.join('\n'));
  assert.equal(table.size, MAX_HOST_NAMES);
  assert.equal(problems.length, 1);
  assert.equal(problems[0]?.line, MAX_HOST_NAMES + 1);
});

test('a long file is read in turns, so that queries go on meanwhile', async () => {
  const text = Array.from({ length: 20_000 }, (_, i) => `0.0.0.0 h${i}`).join('\n');
  let turns = 0;
  let isOver = false;
  const count = () => {
    turns += 1;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  await parseHosts(text);
  isOver = true;
  assert.ok(turns >= 10, `${turns} turns`);
});

/** A hosts file in a directory of its own. */
async function scene() {
  const directory = await mkdtemp(join(tmpdir(), 'pkarrd-hosts-'));
  const path = join(directory, 'hosts');
  const readings: HostsReading[] = [];
  let notify: () => void = () => {};
  const source = new HostsFile({
    path,
    isForeign: () => false,
    onRead: (reading) => {
      readings.push(reading);
      notify();
    },
  });
  return {
    path,
    source,
    readings,
    nextReading: () =>
      new Promise<void>((resolve) => {
        notify = resolve;
      }),
    knows: (name: string) => source.current().addressesOf(Name.parse(name)) !== undefined,
    async [Symbol.asyncDispose]() {
      source.close();
      await rm(directory, { recursive: true });
    },
  };
}

test('a changed file is read without anybody asking', async () => {
  await using s = await scene();
  await writeFile(s.path, '192.0.2.1 one');
  await s.source.open();
  assert.ok(s.knows('one'));
  const read = s.nextReading();
  await writeFile(s.path, '192.0.2.1 one more');
  const startedAt = performance.now();
  const line = setInterval(() => {}, 1_000); // the looks do not keep a program running
  await read;
  clearInterval(line);
  assert.ok(s.knows('more'));
  assert.ok(performance.now() - startedAt < LOOK_EVERY + 1_000);
  assert.deepEqual(
    s.readings.map(({ names }) => names),
    [1, 2],
  );
});

test('a file of the same size put in its place is noticed, and an equal look reads nothing', async () => {
  await using s = await scene();
  await writeFile(s.path, '192.0.2.1 one');
  await s.source.look();
  await s.source.look();
  await writeFile(`${s.path}.new`, '192.0.2.1 two');
  await rename(`${s.path}.new`, s.path);
  await s.source.look();
  assert.ok(s.knows('two'));
  assert.equal(s.knows('one'), false);
  assert.equal(s.readings.length, 2);
});

test('a file that is not there is told once, has no names, and counts when it comes', async () => {
  await using s = await scene();
  assert.equal(s.source.current(), emptyHosts);
  await s.source.look();
  await s.source.look();
  assert.equal(s.readings.length, 1);
  assert.equal(s.readings[0]?.failure, 'there is no such file');
  await writeFile(s.path, '192.0.2.1 one');
  await s.source.look();
  assert.ok(s.knows('one'));
  await rm(s.path);
  await s.source.look();
  assert.equal(s.knows('one'), false);
});

test('of a file that is too large the first lines count, and what is left out is told', async () => {
  await using s = await scene();
  const first = '192.0.2.1 first\n';
  const cut = `192.0.2.2 cut.${'x'.repeat(60)}.example\n`;
  // The end is in the middle of a name.
  const filler = `${'#'.repeat(MAX_HOSTS_BYTES - first.length - 21)}\n`;
  await writeFile(s.path, [first, filler, cut, '192.0.2.3 last\n'].join(''));
  await s.source.look();
  assert.ok(s.knows('first'));
  const [reading] = s.readings;
  assert.equal(reading?.names, 1);
  assert.equal(reading?.failure, undefined);
  const [problem] = reading?.problems ?? [];
  assert.match(problem?.message ?? '', /^The rest of the file is ignored: the maximum is 8388608 octets\.$/);
  assert.equal(problem?.line, 3);
});

test('of one endless line the names before its cut count', async () => {
  await using s = await scene();
  await writeFile(s.path, `192.0.2.1 first ${'n.example '.repeat(MAX_HOSTS_BYTES / 10)}`);
  await s.source.look();
  assert.ok(s.knows('first') && s.knows('n.example'));
  assert.equal(s.readings[0]?.names, 2);
});

test('what is no file is told, and what was known still holds', async () => {
  await using s = await scene();
  await writeFile(s.path, '192.0.2.1 one');
  await s.source.look();
  await rm(s.path);
  await mkdir(s.path);
  await s.source.look();
  assert.deepEqual(
    s.readings.map(({ failure }) => failure),
    [undefined, 'it is not a regular file'],
  );
  assert.ok(s.knows('one'));
});

test('the filter in front of the cache lets no name of the file pass, in any case, and few others', async () => {
  const label = fc.stringMatching(/^[a-zA-Z0-9_-]{1,20}$/);
  const someName = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join('.'));
  await fc.assert(
    fc.asyncProperty(fc.array(someName, { minLength: 1, maxLength: 20 }), async (names) => {
      const { table } = await parseHosts(names.map((name) => `192.0.2.7 ${name}`).join('\n'));
      const [first] = names;
      for (const name of [...names, '7.2.0.192.in-addr.arpa']) {
        if (name.toLowerCase() === 'localhost' || (name.includes('arpa') && first === 'localhost')) continue;
        for (const asked of [name, name.toUpperCase(), name.toLowerCase()]) {
          const bytes = encodeMessage(query(asked));
          assert.ok(table.mayHold(bytes, bytes.length - 4), asked);
        }
      }
    }),
  );
  const { table } = await parseHosts(
    Array.from({ length: 5_000 }, (_, i) => `0.0.0.0 ad${i}.example`).join('\n'),
  );
  const others = Array.from({ length: 5_000 }, (_, i) => encodeMessage(query(`www${i}.example`)));
  const passed = others.filter((bytes) => table.mayHold(bytes, bytes.length - 4)).length;
  assert.ok(passed < 500, `${passed} of 5000`);
});
