import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import bencode from 'bencode';
import type { ServingChange, ServingConditions } from '../../../src/mainline/dht-node.ts';
import { type LocalDhtNode, startMainlineNode } from '../../../src/mainline/node/node.ts';
import { MovableClock } from '../../support/movable-clock.ts';
import { compact } from '../support/scripted-node.ts';
import { newWire, type Wire } from '../support/wire.ts';

const MINUTE = 60_000;
/** Where the other nodes see ours. */
const SEEN_AT = '21.75.31.124';
const PUBLIC = Array.from({ length: 12 }, (_, index) => ({
  id: randomBytes(20),
  host: `45.${index}.7.9`,
  port: 6881,
}));
const OFFERED: ServingConditions = { hosts: [SEEN_AT], metered: [] };

interface Scene {
  readonly node: LocalDhtNode;
  readonly wire: Wire;
  readonly clock: MovableClock;
  readonly changes: readonly ServingChange[];
  /** A query of somebody who was not asked arrives; whether it is answered. */
  arrive(from?: string, query?: object): boolean;
  /** Lets strangers arrive for a quarter of an hour. */
  beReached(): void;
}

/** A node that decides by itself, on a wire where the others tell it that it is at {@link SEEN_AT}. */
async function started(use: (scene: Scene) => Promise<void>): Promise<void> {
  const wire = newWire();
  const clock = new MovableClock();
  const changes: ServingChange[] = [];
  wire.answerWith((message, to) => {
    const self = PUBLIC.find(({ host }) => host === to.host);
    const r = { id: self?.id ?? randomBytes(20), nodes: compact(PUBLIC), token: 't' };
    const ip = compact([{ id: Buffer.alloc(0), host: SEEN_AT, port: 1 }]);
    return String(message.y) === 'q' ? bencode.encode({ t: message.t, y: 'r', r, ip }) : undefined;
  });
  const node = await startMainlineNode(
    { bootstrap: PUBLIC.slice(0, 2), network: 'public', serve: 'auto' },
    {
      ...wire.environment,
      now: () => clock.now(),
      elapsed: () => clock.now(),
      onServing: (change) => changes.push(change),
    },
  );
  await node.settled();
  let n = 0;
  const arrive: Scene['arrive'] = (host = `46.9.9.${++n % 256}`, query = { q: 'ping', a: {} }) => {
    const answered = () => wire.sent.filter(({ message }) => String(message.y) !== 'q').length;
    const before = answered();
    const a = { id: randomBytes(20), ...Object(query).a };
    wire.putPacket(bencode.encode({ t: 'aaaa', y: 'q', ...query, a, ro: 1 }), { host, port: 6881 });
    return answered() > before;
  };
  try {
    await use({
      node,
      wire,
      clock,
      changes,
      arrive,
      beReached() {
        for (let minutes = 0; minutes < 15; minutes += 5) {
          arrive();
          clock.advance(5 * MINUTE);
        }
        arrive();
      },
    });
  } finally {
    await node.close();
  }
}

const stateOf = async (node: LocalDhtNode) => {
  const { serving, autoServing } = await node.status();
  return [serving, autoServing];
};

test('a node that others see at an address of its own serves when strangers have reached it for 15 minutes', () =>
  started(async ({ node, wire, clock, changes, arrive }) => {
    assert.deepEqual(await stateOf(node), [false, 'no-own-address'], 'before it is told its addresses');
    node.setServingConditions(OFFERED);
    assert.deepEqual(await stateOf(node), [false, 'not-reached']);
    assert.equal(arrive(), false);
    assert.deepEqual(await stateOf(node), [false, 'trial']);
    clock.advance(10 * MINUTE);
    assert.equal(arrive(), false);
    clock.advance(5 * MINUTE);
    assert.equal(arrive(), true, 'the query that shows it is answered');
    assert.deepEqual(await stateOf(node), [true, 'serving']);
    assert.deepEqual(changes, [{ kind: 'began', host: SEEN_AT }]);

    // BEP 43: only a node that answers queries sends them without the read-only flag.
    const asked = () => wire.sent.filter(({ message }) => String(message.q) === 'find_node');
    const flagOf = (sent: ReturnType<typeof asked>) => new Set(sent.map(({ message }) => Object(message).ro));
    const before = asked();
    assert.deepEqual([...flagOf(before)], [1]);
    node.wake();
    while (asked().length < before.length + 3) await new Promise(setImmediate);
    assert.deepEqual([...flagOf(asked().slice(before.length))], [undefined]);
  }));

test('hosts that the node asked, and its own /16, are not strangers', () =>
  started(async ({ node, wire, clock, arrive }) => {
    node.setServingConditions(OFFERED);
    for (let minutes = 0; minutes < 40; minutes += 5) {
      const before = wire.sent.length;
      const isAsked = () => wire.sent.slice(before).some(({ to }) => to.host === PUBLIC[0]?.host);
      arrive(PUBLIC[0]?.host);
      arrive('21.75.200.1');
      // It asks the nodes of its table again and again.
      while (!isAsked()) {
        clock.advance(1000);
        node.wake();
        await new Promise((done) => setTimeout(done, 5));
      }
      clock.advance(5 * MINUTE);
    }
    assert.deepEqual(await stateOf(node), [false, 'not-reached']);
  }));

for (const [what, conditions, state] of [
  ['has no public address, so is behind a NAT', { hosts: [], metered: [] }, 'no-own-address'],
  ['has another public address than others see', { hosts: ['45.9.9.9'], metered: [] }, 'no-own-address'],
  ['has its public address on a metered connection', { hosts: [], metered: [SEEN_AT] }, 'metered'],
] as const)
  test(`a node does not serve by itself on a machine that ${what}, whoever reaches it`, () =>
    started(async ({ node, changes, beReached }) => {
      node.setServingConditions(conditions);
      beReached();
      beReached();
      assert.deepEqual(await stateOf(node), [false, state]);
      assert.deepEqual(changes, []);
    }));

const ends: readonly (readonly [
  reason: string,
  what: string,
  happens: (scene: Scene) => void,
  state: string,
])[] = [
  ['network-changed', 'the network changes', ({ node }) => node.networkChanged(), 'no-own-address'],
  [
    'metered',
    'the connection becomes metered',
    ({ node }) => node.setServingConditions({ hosts: [], metered: [SEEN_AT] }),
    'metered',
  ],
  [
    'no-own-address',
    'the machine loses the address',
    ({ node }) => node.setServingConditions({ hosts: [], metered: [] }),
    'no-own-address',
  ],
  [
    'not-reached',
    'nobody arrives for 15 minutes',
    ({ node, clock }) => {
      clock.advance(15 * MINUTE + 1);
      node.setServingConditions(OFFERED);
    },
    'not-reached',
  ],
];
for (const [reason, what, happens, state] of ends)
  test(`a node that serves by itself stops when ${what}, and begins again only after another 15 minutes`, () =>
    started(async (scene) => {
      const { node, changes, arrive, beReached } = scene;
      node.setServingConditions(OFFERED);
      beReached();
      assert.equal(arrive(), true);
      happens(scene);
      assert.deepEqual(await stateOf(node), [false, state]);
      assert.equal(arrive(), false);
      assert.deepEqual(changes.at(-1), { kind: 'ended', reason });
      node.networkChanged();
      node.setServingConditions(OFFERED);
      // After a change of network it has to hear again how others see it.
      while ((await node.status()).externalHost === undefined) await new Promise(setImmediate);
      assert.equal(arrive(), false);
      beReached();
      assert.equal(arrive(), true);
    }));

test('a node that serves by itself sends 50 kB in any second at most, headers counted, and others are dropped', () =>
  started(async ({ node, wire, clock, arrive, beReached }) => {
    node.setServingConditions(OFFERED);
    beReached();
    clock.advance(1_000);
    const target = randomBytes(20);
    const before = wire.sent.length;
    for (let n = 0; n < 5_000; n++) {
      arrive(`62.${n >> 8}.${n & 255}.1`, { q: 'get', a: { target } });
      if (n % 5 === 4) clock.advance(1);
    }
    const answers = wire.sent.slice(before).map(({ message }) => bencode.encode(message).length + 28);
    const sent = answers.reduce((sum, length) => sum + length, 0);
    assert.ok(sent <= 51_000, `${sent} bytes in a second`);
    assert.ok(sent >= 40_000, `${sent} bytes in a second`);
    assert.ok(((await node.status()).dropped['rate-limited'] ?? 0) > 4_000);
  }));
