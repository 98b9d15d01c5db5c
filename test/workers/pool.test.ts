import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { settingsFromTexts } from '../../src/config/setting-texts.ts';
import { defaultSettings, type Settings } from '../../src/config/settings.ts';
import { Name } from '../../src/dns/name.ts';
import { silentLog } from '../../src/observe/log.ts';
import { emptyHistogram } from '../../src/observe/metrics/histogram.ts';
import { noTraffic } from '../../src/observe/metrics/traffic.ts';
import { HeldCertificate } from '../../src/serve/certificate/current-certificate.ts';
import type { FrontStatus } from '../../src/serve/front.ts';
import { ListenError } from '../../src/serve/listen-error.ts';
import type { ListenEvent } from '../../src/serve/listeners/listeners.ts';
import type { MachineAddresses } from '../../src/serve/own-hosts.ts';
import { noBoundSockets } from '../../src/system/activation/bound-sockets.ts';
import type { HoldPort, WorkerProcess } from '../../src/system/worker-process.ts';
import { type Handlers, Link } from '../../src/workers/link.ts';
import type { PrimaryCalls, Started, WorkerCalls } from '../../src/workers/messages.ts';
import { createWorkerPool } from '../../src/workers/pool.ts';
import { signedPacket, testKey } from '../support/packets.ts';
import { peerPair } from './link-pair.ts';

const key = testKey(1).publicKey;
const address = { host: '127.0.0.1', port: 5300 };

/** A pool of workers that the test plays; `of` says what the worker of that number does. */
function scene(
  count: number,
  of: (number: number) => Partial<Handlers<WorkerCalls>> = () => ({}),
  {
    hold = holder().hold,
    isHeldForRunning = true,
    listen = [address],
    machine = {},
    onStop = () => {},
  }: {
    readonly hold?: HoldPort;
    readonly isHeldForRunning?: boolean;
    readonly listen?: Settings['listen'];
    readonly machine?: MachineAddresses;
    readonly onStop?: (number: number) => void;
  } = {},
) {
  const heard: string[] = [];
  const events: ListenEvent[] = [];
  const loops: string[] = [];
  const links: Link<PrimaryCalls, WorkerCalls>[] = [];
  const spawn = (): WorkerProcess => {
    const [primary, worker] = peerPair();
    const number = links.length;
    let exit: (why: string) => void = () => {};
    const note = (what: string) => {
      heard.push(`${number} ${what}`);
    };
    links.push(
      new Link<PrimaryCalls, WorkerCalls>(worker, {
        start: () => ({ kind: 'listening', addresses: [address] }),
        areYouThere: () => undefined,
        status: () => statusOf(number),
        ask: () => 'unavailable',
        watchQueries: (isWatched) => note(`watch ${isWatched}`),
        reload: () => {
          note('reload');
          return undefined;
        },
        petnames: (entries) => {
          note(`has the names ${entries.map(({ label }) => label)}`);
          return undefined;
        },
        flush: (name) => name.length,
        forgetKey: (text) => note(`forgets ${text}`),
        networkChanged: () => note('network'),
        listenAt: ({ host }) => note(`listens at ${host}`),
        leave: ({ host }) => note(`leaves ${host}`),
        certificate: ({ names }) => note(`has a certificate for ${names}`),
        cameBackFrom: () => undefined,
        stop() {
          onStop(number);
          exit('exit code 0');
        },
        ...of(number),
      }),
    );
    return {
      ...primary,
      pid: 100 + number,
      onExit: (take) => {
        exit = take;
      },
      kill: () => exit('SIGKILL'),
    };
  };
  const settings = defaultSettings({ environment: {}, isRoot: false, home: '/nonexistent' });
  const pool = createWorkerPool(
    { ...settings, workers: count, listen },
    {
      spawn,
      hold,
      isHeldForRunning,
      given: noBoundSockets,
      certificate: new HeldCertificate(),
      petnames: [],
      listening: {
        machine: () => machine,
        onEvent: (event) => events.push(event),
        onBug: (error) => assert.fail(String(error)),
      },
      packetReader: {
        read: async (_, { client }) => ({
          kind: 'found',
          packet: signedPacket(testKey(1), 5),
          stale: false,
          timeToLive: client === '192.0.2.1' ? 1 : 2,
        }),
      },
      cameBackFrom: (query) => (query[0] === 1 ? 'of the primary' : undefined),
      onLoop: (upstream) => loops.push(upstream),
      systemResolvers: async () => ({
        servers: [{ address: '192.0.2.53', port: 53 }],
        search: ['lan'],
        links: [],
      }),
      onInternalError: () => {},
      log: silentLog,
      now: () => performance.now(),
    },
  );
  return { pool, links, heard, loops, events };
}

const statusOf = (number: number): FrontStatus => ({
  queries: { queries: 10 ** number, inFlight: 0 },
  cache: { entries: 1, bytes: 1, maxBytes: 9, hits: 1, misses: 1, evictions: 0 },
  traffic: noTraffic,
  loopDelay: emptyHistogram,
  forwarder: { upstreams: [], routes: [], next: undefined, questions: 0, failures: 0, inFlight: 0 },
  portalIsLikely: false,
});

// The line to a process keeps the program running, as that to a worker which the test plays does not.
const line = setInterval(() => {}, 1_000);
after(() => clearInterval(line));

const turn = () => new Promise((resolve) => setTimeout(resolve, 5));

test('what is forgotten and that the network changed reaches every worker, and counts come back added', async () => {
  const { pool, heard } = scene(3);
  assert.deepEqual(await pool.open(), [address]);
  pool.forgetKey(key);
  await pool.networkChanged(false);
  assert.equal(await pool.flush(Name.parse('a.example')), 3 * 'a.example.'.length);
  const numbers = [0, 1, 2];
  assert.deepEqual(heard.sort(), numbers.flatMap((n) => [`${n} forgets ${key.text}`, `${n} network`]).sort());
  const { queries, workers } = await pool.status();
  assert.deepEqual(queries.queries, 111);
  assert.deepEqual(workers, {
    running: numbers.map((n) => ({ pid: 100 + n, queries: 10 ** n })),
    wanted: 3,
    restarts: 0,
  });
  await pool.close();
});

test('a worker that does not answer in a second is left out, and holds up nobody for longer', async () => {
  const { pool } = scene(2, (number) => (number === 1 ? { status: () => new Promise(() => {}) } : {}));
  await pool.open();
  const startedAt = performance.now();
  const { workers } = await pool.status();
  assert.ok(performance.now() - startedAt < 1_500);
  assert.deepEqual([workers?.running, workers?.wanted], [[{ pid: 100, queries: 1 }], 2]);
  await pool.close();
});

test('whose a query is, is asked of the primary and of all others, and not of the worker that asks', async () => {
  const asked: number[] = [];
  const { pool, links } = scene(3, (number) => ({
    cameBackFrom: ({ query }) => {
      asked.push(number);
      return query[0] === 2 && number === 2 ? 'of the last' : undefined;
    },
  }));
  await pool.open();
  const ask = (octet: number) =>
    links[0]?.ask('cameBackToOther', { query: Uint8Array.of(octet), questionEnd: 1 });
  assert.equal(await ask(1), 'of the primary');
  assert.deepEqual(asked, []);
  assert.equal(await ask(2), 'of the last');
  assert.equal(await ask(3), undefined);
  assert.deepEqual(asked.sort(), [1, 1, 2, 2]);
  await pool.close();
});

test('a worker gets packets for its client and the resolvers of the system, and what it meets is told', async () => {
  const { pool, links, loops } = scene(1);
  await pool.open();
  const found = await links[0]?.ask('packet', { key: key.text, client: '192.0.2.1' });
  assert.ok(found?.kind === 'found');
  assert.deepEqual([found.timeToLive, found.payload], [1, signedPacket(testKey(1), 5).toRelayPayload()]);
  assert.deepEqual(await links[0]?.ask('systemResolvers', undefined), {
    servers: [{ address: '192.0.2.53', port: 53 }],
    search: ['lan'],
    links: [],
  });
  links[0]?.tell('loop', '192.0.2.53');
  await turn();
  assert.deepEqual(loops, ['192.0.2.53']);
  await pool.close();
});

test('an address that one cannot have is a ListenError, and none is left running', async () => {
  const ended: number[] = [];
  const { pool } = scene(3, (number) => ({
    ...(number === 1 && {
      start: () => ({ kind: 'refused', protocol: 'tcp', address, code: 'EADDRINUSE', message: 'taken' }),
    }),
    status: () => {
      ended.push(number);
      return statusOf(number);
    },
  }));
  await assert.rejects(pool.open(), (error) => {
    assert.ok(error instanceof ListenError);
    assert.deepEqual([error.protocol, error.address, error.code], ['tcp', address, 'EADDRINUSE']);
    return true;
  });
  const { workers } = await pool.status();
  assert.deepEqual([workers?.running, ended], [[], []]);
});

/** Holds ports that nobody has; `refused` are those that it does not get. */
function holder(refused: readonly string[] = []) {
  const open = new Set<string>();
  let drawn = 40_000;
  const hold: HoldPort = async (protocol, _, port) => {
    const taken = port === 0 ? drawn++ : port;
    const name = `${protocol} ${taken}`;
    if (refused.includes(name)) throw Object.assign(new Error('It is taken.'), { code: 'EADDRINUSE' });
    open.add(name);
    return {
      port: taken,
      async stop() {
        open.delete(name);
      },
    };
  };
  return { hold, open };
}

for (const isHeldForRunning of [false, true])
  test(`ports that the primary holds are there before a worker begins, and as long as one runs: ${isHeldForRunning}`, async () => {
    const { hold, open } = holder(['tcp 40000']);
    const begun: unknown[] = [];
    const listen = [{ host: '127.0.0.1', port: 0 }, address];
    const start = ({ texts, held = [] }: WorkerCalls['start']['in']): Started => {
      assert.deepEqual([...open], ['udp 40001', 'tcp 40001', 'udp 5300', 'tcp 5300']);
      // Who may ask follows from what the settings say, not from what they stand for.
      assert.deepEqual(settingsFromTexts(texts).listen, listen);
      begun.push(held);
      return { kind: 'listening', addresses: held };
    };
    const { pool } = scene(2, () => ({ start }), { hold, isHeldForRunning, listen });
    // A port that any will do for is drawn once for all, and is free for both protocols.
    const drawn = [{ host: '127.0.0.1', port: 40_001 }, address];
    assert.deepEqual(await pool.open(), drawn);
    assert.deepEqual(begun, [drawn, drawn]);
    await pool.close();
    assert.deepEqual([...open], []);
  });

test('a port that the primary cannot hold is a ListenError, and no worker is started', async () => {
  const { hold, open } = holder(['tcp 5300']);
  const { pool, links } = scene(2, () => ({}), { hold });
  await assert.rejects(pool.open(), (error) => {
    assert.ok(error instanceof ListenError);
    assert.deepEqual([error.protocol, error.address, error.code], ['tcp', address, 'EADDRINUSE']);
    return true;
  });
  assert.deepEqual([links.length, open.size], [0, 0]);
});

test('an address that comes to a machine with a wildcard is held, and one worker after another is started anew with it', async () => {
  const { hold, open } = holder();
  const running = new Set<number>();
  const starts: string[] = [];
  const machine = { lo: [{ address: '127.0.0.1' }] };
  const start =
    (number: number) =>
    ({ held = [] }: WorkerCalls['start']['in']): Started => {
      running.add(number);
      starts.push(`${number}: ${held.map(({ host }) => host).join()}; of ${running.size}`);
      return { kind: 'listening', addresses: held };
    };
  const wildcard = { host: '0.0.0.0', port: 5300 };
  const { pool, events } = scene(2, (number) => ({ start: start(number) }), {
    hold,
    isHeldForRunning: false,
    listen: [wildcard],
    machine,
    onStop: (number) => running.delete(number),
  });
  assert.deepEqual(await pool.open(), [address]);
  machine.lo.push({ address: '192.0.2.1' });
  await pool.networkChanged(false);
  const came = { host: '192.0.2.1', port: 5300 };
  assert.deepEqual(events, [{ kind: 'listening', address: came }]);
  while (starts.length < 4) await new Promise((resolve) => setTimeout(resolve, 5));
  const [both, one] = ['127.0.0.1,192.0.2.1', '127.0.0.1'];
  assert.deepEqual(starts, [`0: ${one}; of 1`, `1: ${one}; of 2`, `2: ${both}; of 2`, `3: ${both}; of 2`]);
  const { workers } = await pool.status();
  assert.equal(workers?.restarts, 0, 'none of them failed');
  await pool.close();
  assert.deepEqual([...open], []);
});

test('where running workers can have it, an address that comes to the machine is told to all, and none is started anew', async () => {
  const machine = { lo: [{ address: '127.0.0.1' }] };
  const started: unknown[] = [];
  const start = ({ held }: WorkerCalls['start']['in']): Started => {
    started.push(held);
    return { kind: 'listening', addresses: held };
  };
  const [wildcard, any] = [
    { host: '0.0.0.0', port: 5300 },
    { host: '127.0.0.9', port: 0 },
  ];
  const { pool, heard } = scene(2, () => ({ start }), { listen: [any, wildcard], machine });
  await pool.open();
  // A port that any will do for is drawn once for all.
  const drawn = { ...any, port: 40_000 };
  assert.deepEqual(started, [
    [drawn, address],
    [drawn, address],
  ]);
  machine.lo.push({ address: '192.0.2.1' });
  await pool.networkChanged(false);
  await new Promise(setImmediate);
  assert.deepEqual(heard.sort(), [
    '0 listens at 192.0.2.1',
    '0 network',
    '1 listens at 192.0.2.1',
    '1 network',
  ]);
  await pool.close();
});
