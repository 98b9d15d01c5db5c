import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startDht } from '../../../src/app/dht/dht.ts';
import { nodeFileName, writeNodeFile } from '../../../src/app/dht/node-file.ts';
import { Class, Type } from '../../../src/dns/codes.ts';
import type { NodeAddress } from '../../../src/mainline/dht-node.ts';
import { startMainlineNode } from '../../../src/mainline/node/node.ts';
import { silentLog } from '../../../src/observe/log.ts';
import { recordsAnswer } from '../../../src/resolve/answer.ts';
import { ResolveError } from '../../../src/resolve/errors.ts';
import type { Resolver } from '../../../src/resolve/query.ts';
import { type LocalTestNetwork, startTestNetwork } from '../../../src/testnet/test-network.ts';
import { never, newAuthor } from '../../mainline/support/items.ts';
import { firstEvent, lookUp } from '../../mainline/support/walk.ts';

let network: LocalTestNetwork;
const author = newAuthor();
const stateDir = mkdtempSync(join(tmpdir(), 'pkarrd-dht-'));
before(async () => {
  network = await startTestNetwork({ nodes: 4 });
  const publisher = await startMainlineNode({ bootstrap: network.bootstrap, host: '127.0.0.1' });
  assert.equal((await publisher.put(author.item(1n, 'x'), { signal: never() })).stored, 4);
  await publisher.close();
});
after(async () => {
  await network.close();
  rmSync(stateDir, { recursive: true });
});

function start(bootstrap: readonly NodeAddress[], resolver: Resolver = nobodyAnswers) {
  const settings = { bootstrap, dhtListen: { host: '127.0.0.1', port: 0 }, dhtServe: false, stateDir };
  return startDht(settings, {
    resolver,
    log: silentLog,
    onInternalError: (error) => assert.fail(error.text),
  });
}

const nobodyAnswers: Resolver = {
  resolve: async () => {
    throw new ResolveError('upstream-silent', 'no upstream answers');
  },
};

/** Names whose address is 127.0.0.1, as soon as `isUp` says so. */
const loopbackNames = (isUp: () => boolean): Resolver => ({
  async resolve({ question: { name } }) {
    if (!isUp()) throw new ResolveError('upstream-silent', 'no upstream answers');
    const rdata = Uint8Array.of(127, 0, 0, 1);
    return recordsAnswer({ answers: [{ name, type: Type.A, class: Class.IN, ttl: 60, rdata }] });
  },
});

const named = () => [{ host: 'router.example', port: network.addresses[1]?.port ?? 0 }];

test('of a test network no nodes are remembered', async () => {
  const dht = start(network.bootstrap);
  const node = await dht.node;
  await node.ready();
  assert.ok((await node.knownNodes()).length > 0);
  await dht.close();
  assert.deepEqual(readdirSync(stateDir), []);
});

test('nodes of one network are not asked for what is looked for in another', async () => {
  const elsewhere = [{ host: '127.0.0.1', port: 9 }];
  for (const hosts of [network.bootstrap, elsewhere, named()])
    await writeNodeFile(join(stateDir, nodeFileName(hosts)), network.addresses);
  const dht = start(elsewhere);
  const { summary } = await lookUp(await dht.node, author.key);
  assert.deepEqual([summary.asked, summary.answered], [1, 0]);
  await dht.close();
  for (const file of readdirSync(stateDir)) rmSync(join(stateDir, file));
});

test('the node is there before any bootstrap name has an address, and a lookup of then finds what it looks for later', async () => {
  let isUp = false;
  const dht = start(
    named(),
    loopbackNames(() => isUp),
  );
  const node = await dht.node;
  const { summary } = await lookUp(node, author.key);
  assert.equal(summary.asked, 0, 'nobody is known, and that is told soon');
  isUp = true;
  await new Promise((done) => setTimeout(done, 250)); // so long a failure answers for those that follow
  assert.equal((await firstEvent(node, author.key, 'item'))?.kind, 'item');
  await dht.close();
});

test('a change of network has the names resolved at once, without a question', async () => {
  let [isUp, asked] = [false, 0];
  const dht = start(
    named(),
    loopbackNames(() => {
      asked++;
      return isUp;
    }),
  );
  const node = await dht.node;
  while (asked < 3) await new Promise((done) => setTimeout(done, 20)); // the next pause is 2 s
  isUp = true;
  const before = performance.now();
  dht.networkChanged();
  await node.ready();
  assert.ok(performance.now() - before < 1000, 'within the pause');
  await dht.close();
});

test('a lookup that waits for a name is over when its signal aborts', async () => {
  const dht = start(named(), { resolve: () => new Promise(() => {}) });
  const controller = new AbortController();
  const reason = new Error('enough');
  const looking = (await dht.node)
    .lookup(author.key, { signal: controller.signal })
    [Symbol.asyncIterator]()
    .next();
  setImmediate(() => controller.abort(reason));
  await assert.rejects(looking, reason);
  await dht.close();
});
