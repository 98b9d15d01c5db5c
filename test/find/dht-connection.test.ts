import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { DhtConnection } from '../../src/find/dht-connection.ts';
import { dhtSource } from '../../src/find/dht-source.ts';
import { SourceError, type SourceEvent } from '../../src/find/packet-source.ts';
import type { DhtNode, LookupEvent, LookupSummary, PutOutcome } from '../../src/mainline/dht-node.ts';
import { MainlineError } from '../../src/mainline/errors.ts';
import { dhtSink } from '../../src/publish/packet-sink.ts';
import { liveBytes } from '../support/heap-used.ts';
import { signedPacket, testKey } from '../support/packets.ts';

const key = testKey(1);
const packet = signedPacket(key, 100);
const never = new AbortController().signal;
const summary: LookupSummary = {
  ...{ asked: 20, answered: 0, held: 0, confirmed: 0, noValue: 0, invalid: 0, refused: 0, silent: 20 },
  ended: 'exhausted',
};
const stored: PutOutcome = {
  ...{ asked: 20, stored: 20, alreadyHeld: 0, refused: {}, silent: 0, failed: 0, conflict: false },
};

/** A node whose every answer is given by the test. */
class ScriptedNode {
  answered = 0;
  lookups = 0;
  puts = 0;
  wakes = 0;
  /** What a lookup yields at once; it goes on until it is stopped unless `done` is among it. */
  events: readonly LookupEvent[] = [];
  ready: () => Promise<void> = async () => {};

  asNode(): DhtNode {
    const node: Pick<DhtNode, 'lookup' | 'put' | 'status' | 'ready' | 'wake'> = {
      lookup: (_, { signal }) => this.#lookup(signal),
      put: async () => {
        this.puts++;
        return stored;
      },
      status: async () =>
        ({
          queries: { answered: this.answered },
          ...(this.answered > 0 && { heardMs: 0 }),
        }) as unknown as Awaited<ReturnType<DhtNode['status']>>,
      ready: () => this.ready(),
      wake: () => {
        this.wakes++;
      },
    };
    return node as DhtNode;
  }

  async *#lookup(signal: AbortSignal): AsyncGenerator<LookupEvent> {
    this.lookups++;
    yield* this.events;
    if (this.events.at(-1)?.kind === 'done') return;
    await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  }
}

/** A connection to a scripted node, and time that the test moves. */
function scene(starting?: Promise<DhtNode>) {
  let time = 0;
  let recoveries = 0;
  const node = new ScriptedNode();
  const connection = new DhtConnection(starting ?? Promise.resolve(node.asNode()), () => time);
  connection.onRecovered(() => recoveries++);
  const source = dhtSource(connection);
  return {
    node,
    connection,
    sink: dhtSink(connection),
    recoveries: () => recoveries,
    async lookUp(signal = never): Promise<readonly SourceEvent[]> {
      const all: SourceEvent[] = [];
      for await (const event of source.lookup(key.publicKey, { signal })) all.push(event);
      return all;
    },
    async pass(milliseconds: number): Promise<void> {
      time += milliseconds;
      await settled();
      mock.timers.tick(milliseconds);
      await settled();
    },
  };
}

async function settled(): Promise<void> {
  for (let n = 0; n < 10; n++) await new Promise(setImmediate);
}

/** The same with timers that the test moves. */
function timed(title: string, run: () => Promise<void>): void {
  test(title, async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      await run();
    } finally {
      mock.timers.reset();
    }
  });
}

const unreachable = (reason: RegExp) => (error: unknown) =>
  error instanceof SourceError && reason.test(error.message);

timed(
  'a lookup that no node answers fails after three seconds, and those that follow fail at once',
  async () => {
    const { lookUp, sink, node, pass } = scene();
    const first = assert.rejects(lookUp(), unreachable(/no DHT node answered within 3 s/));
    await pass(3_000);
    await first;
    await assert.rejects(lookUp(), unreachable(/recently/));
    // Whoever publishes asks first and puts then, and waits once.
    await assert.rejects(sink.publish(packet, { signal: never }), unreachable(/recently/));
    assert.deepEqual([node.lookups, node.puts], [1, 0]);
  },
);

timed('after a pause one lookup is let through to try, and pauses double up to five seconds', async () => {
  const { lookUp, node, pass } = scene();
  for (const pause of [1_000, 2_000, 4_000, 5_000, 5_000]) {
    const trying = assert.rejects(lookUp(), SourceError);
    await settled();
    if (node.lookups > 1) await assert.rejects(lookUp(), unreachable(/recently/));
    await pass(3_000);
    await trying;
    await pass(pause - 1);
    await assert.rejects(lookUp(), unreachable(/recently/));
    await pass(1);
  }
  assert.equal(node.lookups, 5);
});

timed('a lookup that finds nothing for long goes on while the node has answers', async () => {
  const { lookUp, node, pass, recoveries } = scene();
  const leaving = new AbortController();
  const lookup = assert.rejects(lookUp(leaving.signal), /gone/);
  await settled();
  node.answered = 1;
  await pass(10_000);
  assert.equal(recoveries(), 0);
  leaving.abort(new Error('gone'));
  await lookup;
});

timed('an answer ends the pause, whoever got it, and is told', async () => {
  const { lookUp, node, pass, recoveries } = scene();
  const first = assert.rejects(lookUp(), SourceError);
  await pass(3_000);
  await first;
  node.answered = 5;
  node.events = [{ kind: 'done', summary: { ...summary, answered: 9, noValue: 9 } }];
  assert.deepEqual(await lookUp(), [
    { kind: 'done', observed: { asked: 20, answered: 9, empty: 9, notNewer: 0 } },
  ]);
  assert.equal(recoveries(), 1);
});

timed('after a change of the network everybody waits again', async () => {
  const { lookUp, connection, node, pass } = scene();
  const first = assert.rejects(lookUp(), SourceError);
  await pass(3_000);
  await first;
  connection.networkChanged();
  const both = Promise.allSettled([lookUp(), lookUp()]);
  await settled();
  assert.equal(node.lookups, 3);
  await pass(3_000);
  await both;
});

timed('a node that cannot be started for want of a network fails after six seconds', async () => {
  const { lookUp, pass } = scene(new Promise(() => {}));
  const first = assert.rejects(lookUp(), unreachable(/within 6 s/));
  await pass(6_000);
  await first;
  await assert.rejects(lookUp(), unreachable(/recently/));
});

timed(
  'a node that starts late answers whoever still waits, whether or not it knows others by then',
  async () => {
    const late = new ScriptedNode();
    let start: (node: DhtNode) => void = () => {};
    late.ready = () => new Promise(() => {});
    late.events = [{ kind: 'done', summary: { ...summary, answered: 1, noValue: 1 } }];
    const { lookUp, pass } = scene(new Promise((resolve) => (start = resolve)));
    const lookup = lookUp();
    await pass(5_000);
    start(late.asNode());
    assert.equal((await lookup).length, 1);
  },
);

timed(
  'whoever asks in a pause has the node look for others, and when it has found some the pause is over',
  async () => {
    const { lookUp, node, pass } = scene();
    const first = assert.rejects(lookUp(), SourceError);
    await pass(3_000);
    await first;
    assert.equal(node.wakes, 0);
    await assert.rejects(lookUp(), unreachable(/recently/));
    assert.equal(node.wakes, 1);
    node.answered = 1;
    node.events = [{ kind: 'done', summary: { ...summary, answered: 1, noValue: 1 } }];
    assert.equal((await lookUp()).length, 1);
  },
);

for (const [title, parts, reason] of [
  ['no node is known', { asked: 0, silent: 0 }, /no DHT node is known/],
  ['nodes were asked and none answered', {}, /none of 20 DHT nodes answered/],
] as const) {
  test(`a lookup that is over without an answer is a failure and no absence: ${title}`, async () => {
    const { lookUp, node } = scene();
    node.events = [{ kind: 'done', summary: { ...summary, ...parts } }];
    await assert.rejects(lookUp(), unreachable(reason));
    await assert.rejects(lookUp(), unreachable(/recently/));
  });
}

test('a node that refuses has answered', async () => {
  const { lookUp, node } = scene();
  node.events = [{ kind: 'done', summary: { ...summary, refused: 3, silent: 17 } }];
  assert.equal((await lookUp()).length, 1);
});

test('nodes that confirm an older packet hold something, and are not counted as empty', async () => {
  const { lookUp, node } = scene();
  node.events = [
    { kind: 'done', summary: { ...summary, answered: 20, noValue: 4, confirmed: 16, silent: 0 } },
  ];
  assert.deepEqual(await lookUp(), [
    { kind: 'done', observed: { asked: 20, answered: 20, empty: 4, notNewer: 16 } },
  ]);
});

test('a broken node is a failure of the source, and a bug is not', async () => {
  for (const [error, expected] of [
    [new MainlineError('unavailable', 'the thread is being started again'), SourceError],
    [new TypeError('a bug'), TypeError],
  ] as const) {
    const failing = { ...new ScriptedNode().asNode(), lookup: () => assert.fail('not reached') };
    failing.lookup = () => {
      throw error;
    };
    await assert.rejects(scene(Promise.resolve(failing)).lookUp(), expected);
  }
});

test('lookups that are given up while the node is starting leave nothing behind', async () => {
  const { lookUp } = scene(new Promise(() => {}));
  const giveUp = async () => {
    const leaving = new AbortController();
    const lookup = lookUp(leaving.signal);
    leaving.abort(new Error('took too long'));
    await lookup.catch(() => {});
  };
  for (let i = 0; i < 500; i++) await giveUp();
  const before = await liveBytes();
  for (let i = 0; i < 3_000; i++) await giveUp();
  const each = ((await liveBytes()) - before) / 3_000;
  assert.ok(each < 400, `${each} bytes each`);
});

test('of many versions of a key those that are older than one that was found are not even decoded', async () => {
  const { node, lookUp } = scene();
  const from = { host: '192.0.2.1', port: 6881 };
  const versions = [100, 99, 98, 101, 100, 101].map((timestamp) => signedPacket(key, timestamp));
  node.events = [
    ...versions.map(({ item }): LookupEvent => ({ kind: 'item', item, from })),
    { kind: 'done', summary: { ...summary, answered: 6, held: 6, silent: 14 } },
  ];
  const found = (await lookUp()).flatMap((event) =>
    event.kind === 'packet' ? [event.packet.timestamp] : [],
  );
  assert.deepEqual(found, [100_000_000n, 101_000_000n, 101_000_000n]);
});
