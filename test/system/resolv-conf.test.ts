import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Endpoint, whyOurs } from '../../src/system/own-addresses.ts';
import { findSystemUpstreams, parseResolvConf } from '../../src/system/resolv-conf.ts';

async function withFiles<T>(
  files: Record<string, string>,
  run: (path: (name: string) => string) => Promise<T>,
): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'pkarrd-resolv-'));
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
    return await run((name) => join(directory, name));
  } finally {
    await rm(directory, { recursive: true });
  }
}

const listening: readonly Endpoint[] = [
  { address: '127.0.0.1', port: 53 },
  { address: '::1', port: 53 },
];

test('nameserver lines are read with their zones, and everything else is left alone', () => {
  const text = [
    '# nameserver 192.0.2.66',
    ';nameserver 192.0.2.67',
    'search lan example',
    'nameserver 192.0.2.1',
    'nameserver\t2001:DB8:0:0::1   # the second',
    'nameserver fe80::1%eth0',
    ' nameserver 192.0.2.68',
    'nameservers 192.0.2.69',
    'nameserver 192.0.2.1',
    'nameserver one.example',
    'nameserver 0.0.0.0',
    'nameserver 01.2.3.4',
    'nameserver',
    'options edns0 trust-ad',
  ].join('\n');
  const { servers, skipped } = parseResolvConf(text);
  assert.deepEqual(servers, ['192.0.2.1', '2001:db8::1', 'fe80::1%eth0']);
  assert.deepEqual(
    skipped.map(({ text: written }) => written),
    ['one.example', '0.0.0.0', '01.2.3.4'],
  );
});

test('a file with Windows line ends is read the same', () => {
  assert.deepEqual(parseResolvConf('nameserver 192.0.2.1\r\nnameserver ::2\r\n').servers, [
    '192.0.2.1',
    '::2',
  ]);
});

test('of a huge file no more than sixteen resolvers are taken', () => {
  const text = Array.from({ length: 50_000 }, (_, i) => `nameserver 10.0.${(i >> 8) & 255}.${i & 255}`).join(
    '\n',
  );
  assert.equal(parseResolvConf(text).servers.length, 16);
});

test('any text is read without an error, and what comes out is an address', () => {
  const line = fc.oneof(
    fc.string(),
    fc.tuple(fc.constant('nameserver '), fc.string()).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      for (const server of parseResolvConf(lines.join('\n')).servers)
        assert.match(server, /^[0-9a-f.:]+(%.+)?$/);
    }),
  );
});

test('the first file that names a resolver which is not ourselves is used', async () => {
  await withFiles(
    {
      stub: 'nameserver 127.0.0.53\n',
      own: 'nameserver 127.0.0.1\nnameserver ::1\n',
      good: 'nameserver 192.0.2.1\n',
    },
    async (path) => {
      const paths = ['missing', 'stub', 'own', 'good', 'never'].map(path);
      const found = await findSystemUpstreams({ listening, machine: [], paths });
      assert.deepEqual(found.servers, [{ address: '192.0.2.1', port: 53 }]);
      assert.equal(found.path, path('good'));
      assert.deepEqual(
        found.reports.map(({ problem, skipped }) => [problem, skipped.map(({ text }) => text)]),
        [
          ['does not exist', []],
          ['names no resolver that we could ask', ['127.0.0.53']],
          ['names no resolver that we could ask', ['127.0.0.1', '::1']],
          [undefined, []],
        ],
      );
    },
  );
});

test('a local resolver is used while we listen elsewhere', async () => {
  await withFiles({ local: 'nameserver 127.0.0.1\n' }, async (path) => {
    const elsewhere = [{ address: '127.0.0.1', port: 5300 }];
    const found = await findSystemUpstreams({ listening: elsewhere, machine: [], paths: [path('local')] });
    assert.deepEqual(found.servers, [{ address: '127.0.0.1', port: 53 }]);
  });
});

test('a directory in place of a file is a problem that is reported', async () => {
  await withFiles({}, async (path) => {
    const found = await findSystemUpstreams({ listening, machine: [], paths: [path('.')] });
    assert.deepEqual(found.servers, []);
    assert.match(found.reports[0]?.problem ?? '', /cannot be read/);
  });
});

const cases: readonly (readonly [Endpoint, readonly Endpoint[], readonly string[], boolean])[] = [
  [{ address: '127.0.0.1', port: 53 }, listening, [], true],
  [{ address: '127.0.0.1', port: 5353 }, listening, [], false],
  [{ address: '0:0:0:0:0:0:0:1', port: 53 }, listening, [], true],
  [{ address: '::ffff:127.0.0.1', port: 53 }, listening, [], true],
  [{ address: '0.0.0.0', port: 53 }, listening, [], true],
  [{ address: '127.0.0.2', port: 53 }, listening, [], false],
  [{ address: '127.0.0.54', port: 53 }, [], [], true],
  [{ address: '192.168.1.2', port: 53 }, [{ address: '0.0.0.0', port: 53 }], ['192.168.1.2'], true],
  [{ address: '192.168.1.3', port: 53 }, [{ address: '0.0.0.0', port: 53 }], ['192.168.1.2'], false],
  [{ address: '127.9.9.9', port: 53 }, [{ address: '0.0.0.0', port: 53 }], [], true],
  [{ address: '192.168.1.2', port: 53 }, [{ address: '::', port: 53 }], ['192.168.1.2'], true],
  [{ address: 'fe80::2%eth0', port: 53 }, [{ address: '::', port: 53 }], ['fe80::2'], true],
  [{ address: 'fe80::2%eth0', port: 53 }, [{ address: '0.0.0.0', port: 53 }], ['fe80::2'], false],
];

test('a question to an address and port of ours would be a loop, and to any other would not', () => {
  for (const [endpoint, own, machine, isOurs] of cases) {
    const why = whyOurs(endpoint, own, machine);
    assert.equal(
      why !== undefined,
      isOurs,
      `${endpoint.address}:${endpoint.port} with ${JSON.stringify(own)}: ${why}`,
    );
  }
});
