import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import bencode from 'bencode';
import { targetOf } from '../../../src/bep44/target.ts';
import { startMainlineNode } from '../../../src/mainline/node/node.ts';
import { never, newAuthor } from '../support/items.ts';
import { compact, idNear } from '../support/scripted-node.ts';
import { lookUp } from '../support/walk.ts';
import { newWire } from '../support/wire.ts';

const CROWD = '45.9.9.9';

test('of all the nodes that one host claims to hold around a target, four are asked, and the others are reached', async () => {
  const author = newAuthor();
  const target = targetOf(author.key);
  const crowd = Array.from({ length: 30 }, (_, index) => ({
    id: idNear(target, 8),
    host: CROWD,
    port: 7000 + index,
  }));
  const others = Array.from({ length: 12 }, (_, index) => ({
    id: randomBytes(20),
    host: `46.${index}.1.1`,
    port: 6881,
  }));
  const all = [...crowd, ...others];
  const wire = newWire();
  const asked: { host: string; port: number }[] = [];
  wire.answerWith((message, to) => {
    if (String(message.q) === 'get') asked.push({ host: to.host, port: to.port });
    const self = all.find(({ host, port }) => host === to.host && port === to.port);
    const nodes = self?.host === CROWD ? crowd.slice(0, 20) : [...others, ...crowd.slice(0, 8)];
    return bencode.encode({
      t: message.t,
      y: 'r',
      r: { id: self?.id ?? randomBytes(20), nodes: compact(nodes), token: 't' },
    });
  });
  const bootstrap = others.slice(0, 2).map(({ host, port }) => ({ host, port }));
  const node = await startMainlineNode({ bootstrap }, wire.environment);
  await node.settled();
  const { summary } = await lookUp(node, author.key);
  const ofCrowd = asked.filter(({ host }) => host === CROWD);
  assert.equal(new Set(ofCrowd.map(({ port }) => port)).size, 4);
  assert.equal(ofCrowd.length, 4);
  for (const { host } of others) assert.ok(asked.some((each) => each.host === host));
  assert.equal(summary.answered, 4 + others.length);
  await node.close();
});

test('in a crowd of any size an item is put to 80 nodes, the closest and those that stand behind the crowd', async () => {
  const author = newAuthor();
  const target = targetOf(author.key);
  // On loopback every id fits: what is left against the crowd is how large the network is known to be.
  const crowd = Array.from({ length: 120 }, (_, index) => ({
    id: idNear(target, 8),
    host: `127.1.0.${index}`,
    port: 6881,
  }));
  // As far apart from each other as chance would have them on average.
  const others = Array.from({ length: 100 }, (_, index) => {
    const id = Buffer.concat([target.subarray(0, 2), randomBytes(18)]);
    id.writeUInt16BE(id.readUInt16BE(0) ^ ((index + 1) * 655), 0);
    return { id, host: `127.2.0.${index}`, port: 6881 };
  });
  const wire = newWire();
  const puts = new Set<string>();
  let turn = 0;
  wire.answerWith((message, to) => {
    if (String(message.q) === 'put') puts.add(to.host);
    const self = [...crowd, ...others].find(({ host }) => host === to.host);
    const goal = Buffer.from(Object(message.a).target ?? []);
    // Whoever is asked for the target names some of the crowd and nobody else; for another one, the closest to that.
    const named = goal.equals(target)
      ? Array.from({ length: 20 }, () => crowd[turn++ % crowd.length] ?? assert.fail())
      : [...others].sort((one, other) => Buffer.compare(xor(one.id, goal), xor(other.id, goal))).slice(0, 20);
    const r = { id: self?.id, token: 't', nodes: compact(named) };
    return bencode.encode({ t: message.t, y: 'r', r });
  });
  const bootstrap = others.slice(50, 60).map(({ host, port }) => ({ host, port }));
  const node = await startMainlineNode({ bootstrap, network: 'test' }, wire.environment);
  await node.settled();
  const outcome = await node.put(author.item(1n, 'x'), { signal: never() });
  assert.equal(outcome.asked, 80);
  for (const { host } of others.slice(0, 6)) assert.ok(puts.has(host), 'it stands behind the crowd');
  await node.close();
});

function xor(one: Uint8Array, other: Uint8Array): Buffer {
  return Buffer.from(one.map((byte, at) => byte ^ (other[at] ?? 0)));
}
