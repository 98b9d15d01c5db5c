import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import bencode from 'bencode';
import { startMainlineNode } from '../../../src/mainline/node/node.ts';
import { SilentNodes } from '../../../src/mainline/traversal/silent-nodes.ts';
import { newAuthor } from '../support/items.ts';
import { compact } from '../support/scripted-node.ts';
import { lookUp } from '../support/walk.ts';
import { newWire } from '../support/wire.ts';

const TIMEOUT = 2_000;
const MINUTES = 60_000;
/** The same of a real node. */
const TIME_OUT = 300;

/** The memory of a node, with a clock that can be moved. */
function memory() {
  const clock = { now: 1_000_000 };
  return { clock, silent: new SilentNodes(TIMEOUT, () => clock.now) };
}

describe('a node that does not answer', () => {
  test('is bad after the second time, and no other one is', () => {
    const { clock, silent } = memory();
    silent.noteSilence(1, 6881);
    assert.equal(silent.isBad(1, 6881), false);
    clock.now += TIMEOUT;
    silent.noteSilence(1, 6881);
    assert.equal(silent.isBad(1, 6881), true);
    assert.equal(silent.isBad(1, 6882), false);
    assert.equal(silent.isBad(2, 6881), false);
  });

  test('is not bad for many queries that were open at the same time', () => {
    const { clock, silent } = memory();
    for (let count = 0; count < 30; count++) {
      silent.noteSilence(1, 6881);
      clock.now += 50;
    }
    assert.equal(silent.isBad(1, 6881), false);
  });

  test('is good again once it answers, and then has two tries again', () => {
    const { clock, silent } = memory();
    for (let count = 0; count < 3; count++) {
      silent.noteSilence(1, 6881);
      clock.now += TIMEOUT;
    }
    silent.noteAnswer(1, 6881);
    assert.equal(silent.isBad(1, 6881), false);
    silent.noteSilence(1, 6881);
    assert.equal(silent.isBad(1, 6881), false);
  });

  test('is tried again after five minutes, and passed over at once if it is still silent', () => {
    const { clock, silent } = memory();
    silent.noteSilence(1, 6881);
    clock.now += TIMEOUT;
    silent.noteSilence(1, 6881);
    clock.now += 5 * MINUTES - 1;
    assert.equal(silent.isBad(1, 6881), true);
    clock.now += 1;
    assert.equal(silent.isBad(1, 6881), false);
    clock.now += TIMEOUT;
    silent.noteSilence(1, 6881);
    assert.equal(silent.isBad(1, 6881), true);
  });

  test('is forgotten in another network, and when thousands were silent after it', () => {
    const { clock, silent } = memory();
    const isBad = () => silent.isBad(1, 6881);
    const becomeBad = () => {
      for (let count = 0; count < 2; count++) {
        clock.now += TIMEOUT;
        silent.noteSilence(1, 6881);
      }
      assert.ok(isBad());
    };
    becomeBad();
    silent.clear();
    assert.equal(isBad(), false);
    becomeBad();
    for (let port = 1; port < 4096; port++) silent.noteSilence(2, port);
    assert.equal(isBad(), true);
    silent.noteSilence(2, 4096);
    assert.equal(isBad(), false);
  });
});

describe('a lookup', () => {
  const nodes = Array.from({ length: 40 }, (_, index) => ({
    id: randomBytes(20),
    ...{ host: `127.3.0.${index + 1}`, port: 6881 },
  }));
  type IsSilent = (host: string) => boolean;
  const everyThird: IsSilent = (host) => Number(host.split('.')[3]) % 3 === 0;
  const twoOfThree: IsSilent = (host) => !everyThird(host);

  /** A node in a network whose nodes all name each other, of which some are silent. */
  async function begin(isSilent: IsSilent) {
    const wire = newWire();
    wire.answerWith((message, to) => {
      const self = nodes.find(({ host }) => host === to.host);
      if (self === undefined || isSilent(to.host)) return undefined;
      const others = [...nodes].sort(() => Math.random() - 0.5).slice(0, 20);
      const r = { id: self.id, token: 't', nodes: compact(others) };
      return bencode.encode({ t: message.t, y: 'r', r });
    });
    const bootstrap = nodes.filter(({ host }) => !isSilent(host)).slice(0, 3);
    const node = await startMainlineNode(
      { bootstrap, network: 'test', timeoutMs: TIME_OUT },
      wire.environment,
    );
    await node.settled();
    const lookUpOnce = async () => {
      const before = wire.sent.length;
      // Another key each time: whether a node is silent is not known of the one that is asked last, when nobody else answers.
      const { summary } = await lookUp(node, newAuthor().key);
      await new Promise((done) => setTimeout(done, TIME_OUT + 50)); // the time-outs of its queries
      const asked = wire.sent.slice(before).map(({ to }) => to.host);
      return { summary, asked };
    };
    return { node, lookUpOnce };
  }

  test('passes over nodes that were silent twice, and hears as many others', async () => {
    const { node, lookUpOnce } = await begin(everyThird);
    let wereAsked = false;
    for (let count = 0; ; count++) {
      assert.ok(count < 25, 'each lookup asks nodes that are silent');
      const { summary, asked } = await lookUpOnce();
      assert.equal(summary.ended, 'closest-answered');
      assert.ok(summary.answered >= 20, `${summary.answered} answered`);
      const silent = asked.filter(everyThird);
      if (silent.length === 0) break;
      wereAsked = true;
    }
    assert.ok(wereAsked);
    // In another network they are asked again.
    node.networkChanged();
    assert.ok((await lookUpOnce()).asked.some(everyThird));
    await node.close();
  });

  test('asks them all the same where the others are too few', async () => {
    const { node, lookUpOnce } = await begin(twoOfThree);
    for (let count = 0; count < 4; count++) {
      const { summary, asked } = await lookUpOnce();
      assert.equal(summary.ended, 'exhausted');
      assert.equal(summary.answered, nodes.filter(({ host }) => everyThird(host)).length);
      assert.equal(
        new Set(asked.filter(twoOfThree)).size,
        nodes.filter(({ host }) => twoOfThree(host)).length,
      );
    }
    await node.close();
  });
});
