import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import bencode from 'bencode';
import { targetOf } from '../../src/bep44/mutable-item.ts';
import { startMainlineNode } from '../../src/mainline/node/node.ts';
import { newAuthor } from './support/items.ts';
import { compact, idNear } from './support/scripted-node.ts';
import { lookUp } from './support/walk.ts';
import { newWire } from './support/wire.ts';

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
    if (String(message.q) === 'get') asked.push({ ...to });
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
