import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type SettingTexts, settingsFromTexts } from '../../src/config/setting-texts.ts';
import { defaultSettings, type Settings } from '../../src/config/settings.ts';
import { Name } from '../../src/dns/name.ts';
import { silentLog } from '../../src/observe/log.ts';
import type { FrontStatus } from '../../src/serve/front.ts';
import { ListenError } from '../../src/serve/listen-error.ts';
import type { HoldPort, WorkerProcess } from '../../src/system/worker-process.ts';
import { type Handlers, Link } from '../../src/workers/link.ts';
import type { PrimaryCalls, Started, WorkerCalls } from '../../src/workers/messages.ts';
import { createWorkerPool } from '../../src/workers/pool.ts';
import { signedPacket, testKey } from '../support/packets.ts';
import { peerPair } from './link-pair.ts';

const key = testKey(1).publicKey;
const address = { host: '127.0.0.1', port: 5300 };

/** A crew of workers that the test plays; `of` says what the worker of that number does. */
function scene(
  count: number,
  of: (number: number) => Partial<Handlers<WorkerCalls>> = () => ({}),
  { hold, listen = [address] }: { readonly hold?: HoldPort; readonly listen?: Settings['listen'] } = {},
) {
  const heard: string[] = [];
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
        flush: (name) => name.length,
        forgetKey: (text) => note(`forgets ${text}`),
        networkChanged: () => note('network'),
        cameBackFrom: () => undefined,
        stop: () => exit('exit code 0'),
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
  const machine = { environment: {}, isRoot: false, home: '/nonexistent' };
  const crew = createWorkerPool(
    { ...defaultSettings(machine), workers: count, listen },
    {
      spawn,
      hold,
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
      onInternalError: () => {},
      log: silentLog,
      now: () => performance.now(),
    },
  );
  return { crew, links, heard, loops };
}

const statusOf = (number: number): FrontStatus => ({
  queries: { queries: 10 ** number, inFlight: 0 },
  cache: { entries: 1, bytes: 1, hits: 1, misses: 1 },
  forwarder: { upstreams: [], routes: [], next: undefined, questions: 0, failures: 0, inFlight: 0 },
});

// The line to a process keeps the program running, as that to a worker which the test plays does not.
const line = setInterval(() => {}, 1_000);
after(() => clearInterval(line));

const turn = () => new Promise((resolve) => setTimeout(resolve, 5));

test('what is forgotten and that the network is another reaches every worker, and counts come back added', async () => {
  const { crew, heard } = scene(3);
  assert.deepEqual(await crew.open(), [address]);
  crew.forgetKey(key);
  await crew.networkChanged();
  assert.equal(await crew.flush(Name.parse('a.example')), 3 * 'a.example.'.length);
  const numbers = [0, 1, 2];
  assert.deepEqual(heard.sort(), numbers.flatMap((n) => [`${n} forgets ${key.text}`, `${n} network`]).sort());
  const { queries, workers } = await crew.status();
  assert.deepEqual(queries.queries, 111);
  assert.deepEqual(workers, {
    running: numbers.map((n) => ({ pid: 100 + n, queries: 10 ** n })),
    wanted: 3,
    restarts: 0,
  });
  await crew.close();
});

test('a worker that does not answer in a second is left out, and holds up nobody for longer', async () => {
  const { crew } = scene(2, (number) => (number === 1 ? { status: () => new Promise(() => {}) } : {}));
  await crew.open();
  const startedAt = performance.now();
  const { workers } = await crew.status();
  assert.ok(performance.now() - startedAt < 1_500);
  assert.deepEqual([workers?.running, workers?.wanted], [[{ pid: 100, queries: 1 }], 2]);
  await crew.close();
});

test('whose a query is, is asked of the primary and of all others, and not of the worker that asks', async () => {
  const asked: number[] = [];
  const { crew, links } = scene(3, (number) => ({
    cameBackFrom: ({ query }) => {
      asked.push(number);
      return query[0] === 2 && number === 2 ? 'of the last' : undefined;
    },
  }));
  await crew.open();
  const ask = (octet: number) =>
    links[0]?.ask('cameBackToOther', { query: Uint8Array.of(octet), questionEnd: 1 });
  assert.equal(await ask(1), 'of the primary');
  assert.deepEqual(asked, []);
  assert.equal(await ask(2), 'of the last');
  assert.equal(await ask(3), undefined);
  assert.deepEqual(asked.sort(), [1, 1, 2, 2]);
  await crew.close();
});

test('a worker gets packets for its client, and what it meets is told', async () => {
  const { crew, links, loops } = scene(1);
  await crew.open();
  const found = await links[0]?.ask('packet', { key: key.text, client: '192.0.2.1' });
  assert.ok(found?.kind === 'found');
  assert.deepEqual([found.timeToLive, found.payload], [1, signedPacket(testKey(1), 5).toRelayPayload()]);
  links[0]?.tell('loop', '192.0.2.53');
  await turn();
  assert.deepEqual(loops, ['192.0.2.53']);
  await crew.close();
});

test('an address that one cannot have is a ListenError, and none is left running', async () => {
  const ended: number[] = [];
  const { crew } = scene(3, (number) => ({
    ...(number === 1 && {
      start: () => ({ kind: 'refused', protocol: 'tcp', address, code: 'EADDRINUSE', message: 'taken' }),
    }),
    status: () => {
      ended.push(number);
      return statusOf(number);
    },
  }));
  await assert.rejects(crew.open(), (error) => {
    assert.ok(error instanceof ListenError);
    assert.deepEqual([error.protocol, error.address, error.code], ['tcp', address, 'EADDRINUSE']);
    return true;
  });
  const { workers } = await crew.status();
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

test('ports that the primary holds are there before a worker begins, and as long as one runs', async () => {
  const { hold, open } = holder(['tcp 40000']);
  const begun: unknown[] = [];
  const start = (texts: SettingTexts): Started => {
    assert.deepEqual([...open], ['udp 40001', 'tcp 40001', 'udp 5300', 'tcp 5300']);
    const { listen } = settingsFromTexts(texts);
    assert.ok(listen !== 'default');
    begun.push(listen);
    return { kind: 'listening', addresses: listen };
  };
  const listen = [{ host: '127.0.0.1', port: 0 }, address];
  const { crew } = scene(2, () => ({ start }), { hold, listen });
  // A port that any will do for is drawn once for all, and is free for both protocols.
  const drawn = [{ host: '127.0.0.1', port: 40_001 }, address];
  assert.deepEqual(await crew.open(), drawn);
  assert.deepEqual(begun, [drawn, drawn]);
  await crew.close();
  assert.deepEqual([...open], []);
});

test('a port that the primary cannot hold is a ListenError, and no worker is started', async () => {
  const { hold, open } = holder(['tcp 5300']);
  const { crew, links } = scene(2, () => ({}), { hold });
  await assert.rejects(crew.open(), (error) => {
    assert.ok(error instanceof ListenError);
    assert.deepEqual([error.protocol, error.address, error.code], ['tcp', address, 'EADDRINUSE']);
    return true;
  });
  assert.deepEqual([links.length, open.size], [0, 0]);
});
