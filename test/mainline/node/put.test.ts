import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { targetOf } from '../../../src/bep44/target.ts';
import { type LocalDhtNode, startMainlineNode } from '../../../src/mainline/node/node.ts';
import { startTestNetwork } from '../../../src/testnet/test-network.ts';
import { type Author, fieldsOf, never, newAuthor } from '../support/items.ts';
import { type RustLikeNetwork, startRustLikeNetwork } from '../support/rust-like-node.ts';
import { type Script, type ScriptedNode, startScriptedNode } from '../support/scripted-node.ts';
import { lookUp } from '../support/walk.ts';

describe('among nodes that follow Rust mainline 7 to the letter', () => {
  let network: RustLikeNetwork;
  let node: LocalDhtNode;

  before(async () => {
    network = await startRustLikeNetwork(16);
    node = await startMainlineNode({
      bootstrap: network.nodes.slice(0, 2).map(({ host, port }) => ({ host, port })),
      host: '127.0.0.1',
    });
    await node.settled();
  });
  after(async () => {
    await node.close();
    await network.close();
  });

  test('a put is stored by all, a get brings it back, and an old put is a conflict', async () => {
    const author = newAuthor();
    const item = author.item(1_700_000_000_000_001n, 'hello');
    const outcome = await node.put(item, { signal: never() });
    assert.deepEqual(outcome, {
      asked: 16,
      stored: 16,
      alreadyHeld: 0,
      refused: {},
      silent: 0,
      failed: 0,
      conflict: false,
    });
    assert.deepEqual(network.held(), Array(16).fill(item.seq));

    const { items, summary } = await lookUp(node, author.key);
    assert.equal(items.length, 16);
    assert.equal(summary.silent, 0);
    assert.equal((await lookUp(node, author.key, item.seq)).confirmed.length, 16);

    const older = await node.put(author.item(item.seq - 1n, 'older'), { signal: never() });
    assert.equal(older.refused['302'], 16);
    assert.equal(older.conflict, true);
    assert.equal(older.newestSeq, item.seq);

    const mismatch = await node.put(author.item(item.seq + 1n, 'next'), { cas: 5n, signal: never() });
    assert.equal(mismatch.refused['301'], 16);
    const match = await node.put(author.item(item.seq + 1n, 'next'), { cas: item.seq, signal: never() });
    assert.equal(match.stored, 16);
  });

  test('queries carry four unpredictable bytes as id, and the read-only flag', () => {
    const queries = network.nodes.flatMap((each) => each.queries);
    assert.ok(queries.length > 50);
    assert.ok(queries.every(({ t, ro }) => t.length === 4 && ro === 1));
    const ids = queries.map(({ t }) => t.readUInt32BE(0));
    assert.equal(new Set(ids).size, ids.length);
    const steps = new Set(ids.slice(1).map((id, index) => id - (ids[index] ?? 0)));
    assert.ok(steps.size > ids.length / 2, 'ids do not count up');
  });
});

test('an item that is put again is stored again, and another one with the same sequence number is a conflict', async () => {
  const network = await startTestNetwork({ nodes: 8 });
  const node = await startMainlineNode({ bootstrap: network.bootstrap, host: '127.0.0.1' });
  await node.settled();
  const author = newAuthor();
  const item = author.item(5n, 'x');
  assert.equal((await node.put(item, { signal: never() })).stored, 8);
  const again = await node.put(item, { signal: never() });
  assert.deepEqual({ stored: again.stored, conflict: again.conflict }, { stored: 8, conflict: false });
  const other = await node.put(author.item(5n, 'y'), { signal: never() });
  assert.deepEqual(
    { refused: other.refused, conflict: other.conflict },
    { refused: { 302: 8 }, conflict: true },
  );
  await node.close();
  await network.close();
});

test('where a node calls the very item that it holds not newer, as webtorrent does, it counts as held and as no conflict', async () => {
  const { outcome } = await putAmong([error(302), error(302), stored], (_, author) =>
    fieldsOf(author.item(5n, 'x')),
  );
  assert.deepEqual(
    {
      stored: outcome.stored,
      alreadyHeld: outcome.alreadyHeld,
      refused: outcome.refused,
      conflict: outcome.conflict,
    },
    { stored: 1, alreadyHeld: 2, refused: {}, conflict: false },
  );
});

/** Puts into a network of scripted nodes, each with its own answer to the put. */
async function putAmong(answers: readonly Script[], held?: (index: number, author: Author) => object) {
  const author = newAuthor();
  const nodes: ScriptedNode[] = [];
  for (const [index, answer] of answers.entries()) {
    nodes.push(
      await startScriptedNode((query, self) =>
        query.q === 'put'
          ? answer(query, self)
          : { nodes: '', token: `token ${index}`, ...held?.(index, author) },
      ),
    );
  }
  const bootstrap = nodes.map(({ host, port }) => ({ host, port }));
  const node = await startMainlineNode({ bootstrap, host: '127.0.0.1', timeoutMs: 300 });
  await node.settled();
  const outcome = await node.put(author.item(5n, 'x'), { cas: 4n, signal: never() });
  const { faults } = await node.status();
  assert.equal(faults, 0);
  await node.close();
  await Promise.all(nodes.map((each) => each.close()));
  return { outcome, nodes, author };
}

const error =
  (code: unknown): Script =>
  ({ t }) =>
    Buffer.concat([Buffer.from(`d1:eli${code}e2:noe1:t4:`), t, Buffer.from('1:y1:ee')]);
const stored: Script = () => ({});

test('each answer to a put is counted as what it is', async () => {
  const { outcome } = await putAmong([
    stored,
    stored,
    error(203),
    error(205),
    error(206),
    error(207),
    () => undefined,
    () => Buffer.from('nonsense'),
    ({ t }) => Buffer.concat([Buffer.from('d1:ei5e1:t4:'), t, Buffer.from('1:y1:ee')]),
  ]);
  assert.deepEqual(outcome, {
    asked: 9,
    stored: 2,
    alreadyHeld: 0,
    refused: { 203: 1, 205: 1, 206: 1, 207: 1 },
    silent: 2,
    failed: 1,
    conflict: false,
  });
});

test('a conflict needs half and one more of the nodes that answered', async () => {
  const half = await putAmong([stored, stored, error(301), error(302), () => undefined]);
  assert.equal(half.outcome.conflict, false);
  const more = await putAmong([stored, error(301), error(302), () => undefined]);
  assert.equal(more.outcome.conflict, true);
});

test('each node gets its own token, the target, and cas only if it showed a value', async () => {
  const author = newAuthor();
  const { nodes, author: writer } = await putAmong([stored, stored], (index) =>
    index === 0 ? {} : fieldsOf(author.item(1n, 'of another key')),
  );
  for (const [index, { queries }] of nodes.entries()) {
    const put = queries.find(({ q }) => q === 'put');
    assert.equal(String(put?.a.token), `token ${index}`);
    assert.deepEqual(put?.a.target, targetOf(writer.key));
    assert.equal(put?.a.cas, undefined);
  }
});

test('a put while nobody is known asks nobody, and one after the end fails as closed', async () => {
  const node = await startMainlineNode({ bootstrap: [], network: 'test', host: '127.0.0.1' });
  const item = newAuthor().item(1n, 'x');
  const outcome = await node.put(item, { signal: never() });
  assert.equal(outcome.asked, 0);
  assert.equal((await node.status()).queries.sent, 0);
  await node.close();
  await assert.rejects(node.put(item, { signal: never() }), { kind: 'closed' });
});
