import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { targetOf } from '../../../src/bep44/target.ts';
import type { LookupSummary, NodeFinding } from '../../../src/mainline/dht-node.ts';
import { type LocalDhtNode, startMainlineNode } from '../../../src/mainline/node/node.ts';
import { type LocalTestNetwork, startTestNetwork } from '../../../src/testnet/test-network.ts';
import { type Author, fieldsOf, never, newAuthor } from '../support/items.ts';
import {
  compact,
  idNear,
  reply,
  type Script,
  type ScriptedNode,
  startScriptedNode,
} from '../support/scripted-node.ts';
import { firstEvent, lookUp } from '../support/walk.ts';

const NODES = 24;

describe('a lookup in a network of real nodes', () => {
  let network: LocalTestNetwork;
  let node: LocalDhtNode;

  before(async () => {
    network = await startTestNetwork({ nodes: NODES, delayMs: 20 });
    node = await startMainlineNode({ bootstrap: network.bootstrap, host: '127.0.0.1' });
    await node.settled();
  });
  after(async () => {
    await node.close();
    await network.close();
  });

  test('gives the item that was put, from each of the nodes that hold it', async () => {
    const author = newAuthor();
    const item = author.item(2n ** 52n + 1n, randomBytes(995));
    const outcome = await node.put(item, { signal: never() });
    assert.ok(outcome.stored >= 18, `stored at ${outcome.stored}`);
    const { items, summary } = await lookUp(node, author.key);
    assert.equal(summary.held, items.length);
    assert.ok(items.length >= 18, `held by ${items.length}`);
    for (const found of items) assert.deepEqual(found, item);
    assert.equal(summary.answered, summary.held + summary.confirmed + summary.noValue + summary.invalid);
    assert.equal(summary.ended, 'closest-answered');
  });

  test('of a key that nobody published ends with nothing held', async () => {
    const { items, summary } = await lookUp(node, newAuthor().key);
    assert.equal(items.length, 0);
    assert.equal(summary.held, 0);
    assert.ok(summary.noValue >= 18);
  });

  test('with the sequence number that is held is confirmed without an item, with one below gives the item', async () => {
    const author = newAuthor();
    await node.put(author.item(7n, 'x'), { signal: never() });
    const same = await lookUp(node, author.key, 7n);
    assert.equal(same.items.length, 0);
    assert.ok(same.confirmed.length >= 18);
    assert.ok(same.confirmed.every((seq) => seq === 7n));
    assert.ok((await lookUp(node, author.key, 6n)).items.length >= 18);
  });

  test('gives the first answer before the network was walked to its end', async () => {
    const author = newAuthor();
    await node.put(author.item(1n, 'x'), { signal: never() });
    const first = await firstEvent(node, author.key, 'item');
    assert.equal(first?.kind, 'item');
    assert.equal((await node.status()).active, 0, 'leaving the loop ended the lookup');
  });

  test('that is watched tells what came of each node, how near it is and what it holds', async () => {
    const author = newAuthor();
    await node.put(author.item(5n, 'x'), { signal: never() });
    const findings: NodeFinding[] = [];
    let summary: LookupSummary | undefined;
    let asked = 0;
    for await (const event of node.lookup(author.key, { isWatched: true, signal: never() })) {
      if (event.kind === 'asked') asked++;
      if (event.kind === 'node') findings.push(event.found);
      if (event.kind === 'done') summary = event.summary;
    }
    assert.equal(asked, summary?.asked);
    assert.equal(findings.filter(({ outcome }) => outcome === 'item').length, summary?.held);
    assert.equal(findings.filter(({ outcome }) => outcome === 'nothing').length, summary?.noValue);
    for (const { outcome, seq, near } of findings) {
      const { sharedBits = -1 } = near ?? {};
      assert.equal(seq, outcome === 'item' ? 5n : undefined);
      assert.ok(sharedBits >= 0 && sharedBits < 40, `${sharedBits}`);
    }
  });

  test('that is brief tells each item once and no confirmation, and counts them all the same', async () => {
    const author = newAuthor();
    await node.put(author.item(5n, 'x'), { signal: never() });
    for (const seq of [undefined, 5n]) {
      const kinds: string[] = [];
      let summary: LookupSummary | undefined;
      const options = { isBrief: true, signal: never(), ...(seq !== undefined && { seq }) };
      for await (const event of node.lookup(author.key, options)) {
        kinds.push(event.kind);
        if (event.kind === 'done') summary = event.summary;
      }
      assert.deepEqual(kinds, seq === undefined ? ['item', 'done'] : ['done']);
      assert.ok((summary?.held ?? 0) + (summary?.confirmed ?? 0) >= 18);
    }
  });

  test('that is not watched tells nothing of single nodes', async () => {
    assert.equal(await firstEvent(node, newAuthor().key, 'node'), undefined);
  });

  test('that is aborted throws the reason and is over', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const walking = (async () => {
      for await (const event of node.lookup(newAuthor().key, { signal: controller.signal })) assert.ok(event);
    })();
    setImmediate(() => controller.abort(reason));
    await assert.rejects(walking, reason);
    assert.equal((await node.status()).active, 0);
  });

  test('of bytes that are no key fails as invalid-argument', async () => {
    await assert.rejects(lookUp(node, randomBytes(31)), { name: 'MainlineError', kind: 'invalid-argument' });
  });

  test('leaves no fault behind', async () => {
    for (const each of [node, ...network.nodes]) assert.equal((await each.status()).faults, 0);
  });
});

describe('a lookup among nodes that lie', () => {
  const hosts: ScriptedNode[] = [];
  let network: LocalTestNetwork;
  let author: Author;

  before(async () => {
    // With seven liars still fewer than a bucket of the table holds, so that all of them are known.
    network = await startTestNetwork({ nodes: 12, delayMs: 20 });
    author = newAuthor();
    const publisher = await startMainlineNode({ bootstrap: network.bootstrap, host: '127.0.0.1' });
    await publisher.settled();
    await publisher.put(author.item(10n, 'right'), { signal: never() });
    await publisher.close();
  });
  after(async () => {
    await Promise.all(hosts.map((host) => host.close()));
    await network.close();
  });

  /** Looks the key up with liars among the closest nodes, who are good citizens until they are asked for a value. */
  async function lookUpAmong(
    scripts: readonly Script[],
    key: Uint8Array = author.key,
    options: { readonly isBrief?: boolean } = {},
  ) {
    const liars = await Promise.all(
      scripts.map((script) =>
        startScriptedNode(
          (query, self) => (query.q === 'get' ? script(query, self) : { nodes: '' }),
          idNear(targetOf(key), 16),
        ),
      ),
    );
    hosts.push(...liars);
    const nodes = liars.map(({ host, port }) => ({ host, port }));
    const node = await startMainlineNode({
      bootstrap: [...network.bootstrap, ...nodes],
      host: '127.0.0.1',
      timeoutMs: 500,
    });
    await node.settled();
    const found = await lookUp(node, key, undefined, options);
    const status = await node.status();
    await node.close();
    for (const liar of liars)
      assert.ok(
        liar.queries.some(({ q }) => q === 'get'),
        'each liar was asked',
      );
    assert.equal(status.faults, 0);
    return { ...found, status };
  }

  function assertRight({ items }: Awaited<ReturnType<typeof lookUpAmong>>): void {
    assert.ok(items.length >= 8, `held by ${items.length}`);
    for (const item of items) assert.deepEqual(Buffer.from(item.key), author.key);
    assert.ok(items.some(({ seq, value }) => seq === 10n && Buffer.from(value).toString() === 'right'));
  }

  test('is not taken in by a valid item of another key', async () => {
    const other = fieldsOf(newAuthor().item(99n, 'wrong'));
    const found = await lookUpAmong([() => ({ token: 't', nodes: '', ...other })]);
    assertRight(found);
    assert.equal(found.summary.invalid, 1);
    assert.ok(found.items.every(({ seq }) => seq === 10n));
  });

  test('reports an older item beside the newer ones, for the reader to choose', async () => {
    const older = fieldsOf(author.item(9n, 'older'));
    const found = await lookUpAmong([() => ({ token: 't', nodes: '', ...older })]);
    assertRight(found);
    assert.equal(found.items.filter(({ seq }) => seq === 9n).length, 1);
  });

  test('that is brief reports the older item too, each once', async () => {
    const older = fieldsOf(author.item(9n, 'older'));
    const found = await lookUpAmong(
      Array.from({ length: 3 }, () => () => ({ token: 't', nodes: '', ...older })),
      author.key,
      { isBrief: true },
    );
    assert.deepEqual(new Set(found.items.map(({ seq }) => seq)), new Set([9n, 10n]));
    assert.equal(found.items.length, 2);
    assert.ok(found.summary.held > 8);
  });

  test('drops a broken signature, a changed value and a changed sequence number', async () => {
    const right = fieldsOf(author.item(10n, 'right'));
    const sig = Buffer.from(right.sig);
    sig[0] = (sig[0] ?? 0) ^ 1;
    const lies = [
      { ...right, sig },
      { ...right, v: Buffer.from('wrong') },
      { ...right, seq: 11 },
    ];
    const found = await lookUpAmong(lies.map((lie) => () => ({ token: 't', nodes: '', ...lie })));
    assertRight(found);
    assert.equal(found.summary.invalid, 3);
    assert.ok(
      found.items.every(({ seq, value }) => seq === 10n && Buffer.from(value).toString() === 'right'),
    );
  });

  test('drops a signature forged for a key of small order', async () => {
    const key = Buffer.concat([Buffer.from([1]), Buffer.alloc(31)]);
    // With the identity as key and as R, and S = 0, the equation S·B = R + h·A holds for every message.
    const sig = Buffer.concat([Buffer.from([1]), Buffer.alloc(63)]);
    const found = await lookUpAmong(
      [() => ({ token: 't', nodes: '', k: key, sig, seq: 1, v: Buffer.from('x') })],
      key,
    );
    assert.equal(found.items.length, 0);
    assert.equal(found.summary.invalid, 1);
  });

  test('survives 40 kB', async () => {
    const found = await lookUpAmong([() => ({ token: 't', nodes: '', v: Buffer.alloc(40_000) })]);
    assertRight(found);
    assert.equal(found.status.dropped['too-large'], 1);
  });

  test('counts an answer with the right id from a wrong port for nothing', async () => {
    const forger = await startScriptedNode(() => undefined);
    hosts.push(forger);
    const forged = fieldsOf(author.item(1000n, 'forged'));
    const found = await lookUpAmong([
      (query) => {
        forger.send(reply(query, { id: forger.id, token: 't', ...forged }), query.from);
        return { token: 't', nodes: '' };
      },
    ]);
    assertRight(found);
    assert.equal(found.status.dropped['wrong-sender'], 1);
    assert.ok(found.items.every(({ seq }) => seq === 10n));
  });

  test('counts an answer with the transaction id of another node’s query for nothing', async () => {
    const forged = fieldsOf(author.item(1000n, 'forged'));
    const seen: Buffer[] = [];
    const stealing: Script = (query) => {
      seen.push(query.t);
      const other = seen.find((t) => !t.equals(query.t));
      return other === undefined
        ? undefined
        : reply({ ...query, t: other }, { id: randomBytes(20), ...forged });
    };
    const found = await lookUpAmong([stealing, stealing]);
    assertRight(found);
    assert.equal(found.status.dropped['wrong-sender'], 1);
    assert.ok(found.items.every(({ seq }) => seq === 10n));
  });

  test('counts an answer whose transaction id is cut, lengthened or made up for nothing', async () => {
    const forged = { id: randomBytes(20), ...fieldsOf(author.item(1000n, 'forged')) };
    const ids: readonly ((t: Buffer) => Buffer)[] = [
      (t) => t.subarray(0, 2),
      (t) => Buffer.concat([t, Buffer.from('x')]),
      () => randomBytes(4),
    ];
    const found = await lookUpAmong(
      ids.map((change) => (query) => reply({ ...query, t: change(query.t) }, forged)),
    );
    assertRight(found);
    assert.equal(found.status.dropped['unknown-transaction'], 3);
  });

  const right = { token: 't', nodes: '' };
  const WRONG: readonly unknown[] = [7, -1, [], [1, 2], { a: 1 }, '', 'x'.repeat(300)];
  for (const field of ['id', 'nodes', 'token', 'v', 'k', 'sig', 'seq']) {
    test(`survives every wrong type in ${field}`, async () => {
      const item = fieldsOf(author.item(10n, 'right'));
      const scripts = WRONG.map(
        (wrong): Script =>
          (query, self) =>
            reply(query, { id: self.id, ...right, ...item, [field]: wrong }),
      );
      assertRight(await lookUpAmong(scripts));
    });
  }

  test('is not kept from a node by others who name it under false ids', async () => {
    const honest = network.addresses.slice(0, 10).map((address) => ({ ...address, id: randomBytes(20) }));
    const found = await lookUpAmong(
      Array.from({ length: 4 }, () => () => ({ token: 't', nodes: compact(honest) })),
    );
    assertRight(found);
  });
});
