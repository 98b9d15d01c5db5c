import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { statusLines } from '../../src/cli/system/status-text.ts';
import { appStatus, dhtStatus, forwarderStatus, upstreamStatus } from '../support/app-status.ts';
import { pkarrd } from '../support/command.ts';

const directory = mkdtempSync(join(tmpdir(), 'pkarrd-status-'));
after(() => rmSync(directory, { recursive: true }));

test('the verdict comes first, and then what it is made of', () => {
  const told = statusLines(
    appStatus({
      uptime: 7_500,
      cache: { entries: 1, bytes: 210_000, maxBytes: 16e6, hits: 3, misses: 1, evictions: 0 },
      configuration: { state: 'current', file: '/etc/pkarrd/pkarrd.toml', problems: [] },
      dht: dhtStatus({ nodes: 0, unsent: 'ENETUNREACH' }),
      sources: { dht: 'on', relays: 2 },
      forwarder: forwarderStatus(
        [
          upstreamStatus({ asked: 1200, answered: 1198 }),
          upstreamStatus({
            ...{ label: '10.0.0.53', isDefault: false, state: 'new', srttMs: undefined },
            ...{ asked: 0, answered: 0 },
          }),
        ],
        {
          routes: [{ domain: 'corp.example.', upstreams: ['10.0.0.53'], link: 'tun0' }],
          next: { label: '192.0.2.53', why: 'best' },
        },
      ),
    }),
  );
  assert.deepEqual(told, [
    'Keys: looked up at 2 relays alone, because the DHT is not connected: no route.',
    'Ordinary names: answered by 192.0.2.53.',
    '',
    'pkarrd      1.0.0, process 4711, up 2 h 5 min',
    'config      /etc/pkarrd/pkarrd.toml',
    'listen      127.0.0.1:53',
    'queries     1, 0 in progress',
    'cache       1 answer, 0.2 of 16.0 MB, 75.0 % hits',
    'upstream    192.0.2.53 (upstream) alive, 1,198 of 1,200 answered, round trip 10.0 ms, success 100 %',
    'upstream    10.0.0.53 (of a route) new, not asked yet',
    'route       corp.example. 10.0.0.53 (link tun0)',
    'asked next  192.0.2.53: the fastest',
    'packets     1 key held, 2 lookups, 0 running',
    'dht         not connected: no route; asks again in 12 s; 8 of 9 queries answered, port 6881; 2 relays to ask',
    'browsers    http://KEY.localhost:8053',
  ]);
});

test('with --json a failure is JSON, with the exit code that it has without', async () => {
  const absent = ['status', '--json', '--state-dir', join(directory, 'absent')];
  const { code, out, err } = await pkarrd(absent);
  assert.deepEqual([code, err], [3, '']);
  const { error, exitCode } = JSON.parse(out);
  assert.equal(exitCode, 3);
  const inWords = await pkarrd(absent.filter((word) => word !== '--json'));
  assert.deepEqual([inWords.code, inWords.out], [3, '']);
  assert.equal(inWords.err, `pkarrd: ${error}\n`);

  const config = join(directory, 'pkarrd.toml');
  writeFileSync(config, 'state-dir = 7\n');
  const invalid = await pkarrd(['status', '--json', '--config', config]);
  assert.equal(invalid.code, 2);
  assert.equal(JSON.parse(invalid.out).problems[0].where, `${config}:1`);
});
