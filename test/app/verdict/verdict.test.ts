import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AppStatus } from '../../../src/app/status.ts';
import { verdictOf } from '../../../src/app/verdict/verdict.ts';
import type { Verdict } from '../../../src/observe/verdict.ts';
import { appStatus, dhtStatus, forwarderStatus, upstreamStatus } from '../../support/app-status.ts';

const dead = upstreamStatus({
  state: 'dead',
  lastFailure: { kind: 'timed-out', text: 'did not answer for secret.example', agoMs: 1_000 },
});
const other = upstreamStatus({ label: 'https://dns.example/account-7' });
const unasked = upstreamStatus({ state: 'new', srttMs: undefined, asked: 0, answered: 0 });
const lost = dhtStatus({ nodes: 0, queries: { sent: 9, answered: 0, refused: 0, silent: 9 } });
const cutOff = dhtStatus({ nodes: 0, unsent: 'ENETUNREACH' });
const publication = { kind: 'publish', name: 'secret.zone', isAdopted: false } as const;
const keys = 'Keys: looked up in the DHT.';
const ordinary = 'Ordinary names: answered by 192.0.2.53.';
const cached = 'What is cached is still answered.';

const upstreams = (...list: AppStatus['forwarder']['upstreams']): Partial<AppStatus> => ({
  forwarder: forwarderStatus(list),
});

/** States, and what is said of each: all of it, in order. */
const table: readonly (readonly [
  name: string,
  Partial<AppStatus>,
  level: Verdict['level'],
  said: readonly string[],
])[] = [
  ['all is well', {}, 'good', ['Healthy.', ordinary, keys]],
  [
    'port 53 was not permitted',
    { listen: ['127.0.0.1:5300', '[::1]:5300'], portNotPermitted: 53 },
    'fair',
    [
      'Port 53 is only for root and services, so 127.0.0.1:5300 answers, where no program asks unless it is told to. As a ' +
        'service it has that port: “sudo pkarrd install”, and “sudo pkarrd integrate” makes every program ask it.',
      ordinary,
      keys,
    ],
  ],
  [
    'two upstreams answer',
    upstreams(upstreamStatus(), other),
    'good',
    ['Healthy.', 'Ordinary names: answered by 2 upstream resolvers.', keys],
  ],
  [
    'the upstream was never asked',
    upstreams(unasked),
    'good',
    ['Ready.', 'Ordinary names: 192.0.2.53 was not asked yet.', keys],
  ],
  [
    'one of two upstreams was never asked',
    upstreams(other, unasked),
    'good',
    ['Healthy.', 'Ordinary names: answered by 1 of 2 upstream resolvers.', keys],
  ],
  [
    'the network changed, and no upstream was asked since',
    upstreams({ ...unasked, asked: 7, answered: 7 }),
    'good',
    ['Ready.', 'Ordinary names: whether 192.0.2.53 answers is not known yet.', keys],
  ],
  [
    'no upstream is known',
    upstreams(),
    'bad',
    [
      'Ordinary names: not answered, because there is no upstream resolver. Connect to a network, or set “upstream”.',
      cached,
      keys,
    ],
  ],
  [
    'upstreams are known for a route alone',
    {
      forwarder: forwarderStatus([upstreamStatus({ isDefault: false })], {
        routes: [{ domain: 'secret.example.', upstreams: ['192.0.2.53'] }],
      }),
    },
    'bad',
    [
      'Ordinary names: only those with a route are answered, because there is no upstream resolver for others.',
      cached,
      keys,
    ],
  ],
  [
    'the upstream of a route is dead',
    {
      forwarder: forwarderStatus([upstreamStatus({ label: '9.9.9.9' }), { ...dead, isDefault: false }], {
        routes: [{ domain: 'secret.example.', upstreams: [dead.label] }],
      }),
    },
    'fair',
    ['Routes: no upstream resolver of 1 of 1 answers.', 'Ordinary names: answered by 9.9.9.9.', keys],
  ],
  [
    'the only upstream is dead',
    upstreams(dead),
    'bad',
    ['Ordinary names: not answered, because 192.0.2.53 does not answer (timed out).', cached, keys],
  ],
  [
    'all upstreams are dead',
    upstreams(dead, { ...other, state: 'dead' }),
    'bad',
    ['Ordinary names: not answered, because none of 2 upstream resolvers answers (timed out).', cached, keys],
  ],
  [
    'one of two upstreams is dead',
    upstreams(upstreamStatus(), { ...other, state: 'dead' }),
    'fair',
    ['Ordinary names: answered by 1 of 2 upstream resolvers; https://dns.example does not answer.', keys],
  ],
  [
    'one upstream is dead, and the other was never asked',
    upstreams(dead, { ...unasked, label: '9.9.9.9' }),
    'fair',
    ['Ordinary names: 9.9.9.9 was not asked yet; 192.0.2.53 does not answer (timed out).', keys],
  ],
  [
    'there is a captive portal',
    { ...upstreams(dead), portalIsLikely: true },
    'bad',
    [
      'Ordinary names: not answered, because the network seems to have a captive portal. Open any page in a browser, and log in.',
      cached,
      keys,
    ],
  ],
  [
    'the DHT has no route',
    { dht: cutOff },
    'bad',
    ['Keys: not looked up, because the DHT is not connected: no route.', cached, ordinary],
  ],
  [
    'no node of the DHT answers',
    { dht: lost },
    'bad',
    ['Keys: not looked up, because the DHT is not connected: no node answers.', cached, ordinary],
  ],
  [
    'the nodes that were known answer no longer',
    { sources: { dht: 'silent', relays: 0 } },
    'bad',
    ['Keys: not looked up, because the DHT is not connected: no node answers.', cached, ordinary],
  ],
  [
    'no node of the DHT answers, and there are relays',
    { dht: lost, sources: { dht: 'on', relays: 2 } },
    'fair',
    ['Keys: looked up at 2 relays alone, because the DHT is not connected: no node answers.', ordinary],
  ],
  [
    'no address to begin with is known',
    { dht: dhtStatus({ nodes: 0, queries: { sent: 0, answered: 0, refused: 0, silent: 0 } }) },
    'bad',
    [
      'Keys: not looked up, because the DHT is not connected: no address to begin with is known.',
      cached,
      ordinary,
    ],
  ],
  ['the DHT is being joined', { dht: lost, uptime: 3 }, 'fair', ['Keys: the DHT is being joined.', ordinary]],
  [
    'the DHT is being started',
    { dht: undefined, uptime: 3 },
    'fair',
    ['Keys: the DHT is being joined.', ordinary],
  ],
  [
    'the DHT is off',
    { dht: undefined, sources: { dht: 'off', relays: 1 } },
    'good',
    ['Healthy.', ordinary, 'Keys: looked up at 1 relay; the DHT is off.'],
  ],
  [
    'the DHT and relays are off',
    { dht: undefined, sources: { dht: 'off', relays: 0 } },
    'fair',
    ['Keys: not looked up, because the DHT is off and there is no relay.', ordinary],
  ],
  [
    'the connection is metered',
    { dht: dhtStatus({ autoServing: 'metered' }) },
    'good',
    ['Healthy.', ordinary, keys],
  ],
  [
    'a publication fails',
    { publications: [{ ...publication, state: 'failing', lastError: { agoMs: 1, text: 'secret' } }] },
    'fair',
    ['Publications: the one could not be put into the network at the last try.', ordinary, keys],
  ],
  [
    'one of two publications has a file that cannot be used',
    {
      publications: [
        { ...publication, state: 'held' },
        { ...publication, state: 'held', problem: 'secret' },
      ],
    },
    'fair',
    ['Publications: the zone or key file of 1 of 2 cannot be used.', ordinary, keys],
  ],
  [
    'the configuration was refused at a reload',
    { configuration: { state: 'refused', problems: [{ where: '/secret', message: 'secret' }] } },
    'fair',
    [
      'The configuration on disk is invalid, so the one before stays in force and is used. “pkarrd check” says what is wrong.',
      ordinary,
      keys,
    ],
  ],
  [
    'the configuration was invalid at the start',
    { configuration: { state: 'defaults', problems: [{ where: '/secret', message: 'secret' }] } },
    'fair',
    [
      'The configuration on disk is invalid, so the defaults are used. “pkarrd check” says what is wrong.',
      ordinary,
      keys,
    ],
  ],
  [
    'the configuration is the one on disk',
    { configuration: { state: 'current', file: '/secret', problems: [] } },
    'good',
    ['Healthy.', ordinary, keys],
  ],
  [
    'a worker is started again',
    { workers: { running: [{ pid: 1, queries: 0 }], wanted: 2, restarts: 1 } },
    'fair',
    ['Workers: 1 of 2 processes run; the other is started again.', ordinary, keys],
  ],
  [
    'no worker runs',
    { ...upstreams(), workers: { running: [], wanted: 2, restarts: 2 } },
    'bad',
    ['No query is answered, because none of 2 worker processes runs; they are started again.'],
  ],
  [
    'no address is to be had',
    { listen: [] },
    'bad',
    ['No address to answer on is available.', ordinary, keys],
  ],
  [
    'the certificate ends soon',
    {
      certificate: {
        names: ['secret.example'],
        notAfter: 0,
        warnings: [{ text: 'The certificate ends on 2026-12-01, in 5 days.', remedy: 'Renew it.' }],
        problem: '/secret cannot be read',
      },
    },
    'fair',
    [
      'The new files of the certificate cannot be used, so the one before stays in force.',
      'The certificate ends on 2026-12-01, in 5 days.',
      ordinary,
      keys,
    ],
  ],
  [
    'the port of the sites is taken',
    { http: { state: 'refused', address: '127.0.0.1:8053', code: 'EADDRINUSE', holders: [] } },
    'fair',
    [
      'Browsers: sites of keys cannot be opened, because 127.0.0.1:8053 is not to be had (EADDRINUSE).',
      ordinary,
      keys,
    ],
  ],
  [
    'the state directory cannot be written',
    { store: 'read-only' },
    'fair',
    ['The state directory cannot be written, so packets are lost at a restart.', ordinary, keys],
  ],
  [
    'there was an internal error',
    {
      internalErrors: [
        { kind: 'query', part: 'main', place: 'secret.ts:1', count: 1, agoSeconds: 1, text: 'secret' },
      ] as unknown as AppStatus['internalErrors'],
    },
    'fair',
    ['1 internal error since the start: “pkarrd status” says where.', ordinary, keys],
  ],
  [
    'nothing works: the worst first',
    { ...upstreams(dead), dht: cutOff, store: 'read-only', listen: [] },
    'bad',
    [
      'No address to answer on is available.',
      'Ordinary names: not answered, because 192.0.2.53 does not answer (timed out).',
      'Keys: not looked up, because the DHT is not connected: no route.',
      cached,
      'The state directory cannot be written, so packets are lost at a restart.',
    ],
  ],
];

for (const [name, parts, level, said] of table) {
  test(`the verdict when ${name}`, () => {
    const verdict = verdictOf(appStatus(parts));
    assert.deepEqual([verdict.sentence, ...verdict.notes], said);
    assert.equal(verdict.level, level);
    // Everybody may see it: nothing of queries, paths and publications is in it.
    assert.doesNotMatch(JSON.stringify(verdict), /secret|account/);
  });
}
