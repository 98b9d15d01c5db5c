import assert from 'node:assert/strict';
import { test } from 'node:test';
import { targetOf } from '../../../src/bep44/target.ts';
import { startMainlineNode } from '../../../src/mainline/node/node.ts';
import { fieldsOf, newAuthor } from '../support/items.ts';
import { reply, startScriptedNode } from '../support/scripted-node.ts';
import { lookUp } from '../support/walk.ts';

test('a key whose nodes are slow does not delay another', async () => {
  const [slow, quick] = [newAuthor(), newAuthor()];
  const slowTarget = targetOf(slow.key);
  const item = fieldsOf(quick.item(1n, 'x'));
  const held: (() => void)[] = [];
  const nodes = await Promise.all(
    Array.from({ length: 12 }, () =>
      startScriptedNode((query, self) => {
        if (query.q !== 'get') return { nodes: '' };
        const { target } = query.a;
        if (!(target instanceof Uint8Array) || !slowTarget.equals(target)) return { token: 't', ...item };
        held.push(() => self.send(reply(query, { id: self.id, token: 't' }), query.from));
        return undefined;
      }),
    ),
  );
  const node = await startMainlineNode({
    bootstrap: nodes.map(({ host, port }) => ({ host, port })),
    host: '127.0.0.1',
    timeoutMs: 60_000,
  });
  await node.settled();
  const finished: string[] = [];
  const slowLookups = Array.from({ length: 60 }, () =>
    lookUp(node, slow.key).then(() => finished.push('slow')),
  );
  await lookUp(node, quick.key).then(({ items }) => {
    assert.equal(items.length, 12);
    finished.push('quick');
  });
  assert.deepEqual(finished, ['quick']);
  for (const release of held) release();
  await node.close();
  await Promise.allSettled(slowLookups);
  await Promise.all(nodes.map((each) => each.close()));
});
