import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { keepNodeFile, nodeFileName, readNodeFile, writeNodeFile } from '../../../src/app/dht/node-file.ts';
import { type Log, silentLog } from '../../../src/observe/log.ts';

const directory = mkdtempSync(join(tmpdir(), 'pkarrd-nodes-'));
after(() => rmSync(directory, { recursive: true }));
const path = join(directory, 'nodes');

function counting(): { readonly log: Log; readonly warnings: string[] } {
  const warnings: string[] = [];
  return { log: { ...silentLog, warn: (message) => warnings.push(message) }, warnings };
}

const nodes = Array.from({ length: 250 }, (_, n) => ({ host: `192.0.2.${n}`, port: 6881 + n }));

test('at most 200 nodes are kept, and read as they were written', async () => {
  await writeNodeFile(path, nodes);
  assert.deepEqual(await readNodeFile(path, silentLog), nodes.slice(0, 200));
  assert.deepEqual(readdirSync(directory), ['nodes']);
});

test('each set of bootstrap hosts has a file of its own, whatever their order and case', () => {
  const [one, two] = [
    { host: 'one.example', port: 6881 },
    { host: 'two.example', port: 6881 },
  ];
  const name = nodeFileName([one, two]);
  assert.equal(nodeFileName([two, { ...one, host: 'ONE.example' }]), name);
  for (const other of [[one], [], [one, { ...two, port: 6882 }], [one, { ...two, host: 'six.example' }]])
    assert.notEqual(nodeFileName(other), name);
});

test('a directory that is not there is made', async () => {
  const below = join(directory, 'not', 'there', 'nodes');
  await writeNodeFile(below, nodes);
  assert.equal((await readNodeFile(below, silentLog)).length, 200);
  rmSync(join(directory, 'not'), { recursive: true });
});

test('no file is no nodes and no warning', async () => {
  const { log, warnings } = counting();
  assert.deepEqual(await readNodeFile(join(directory, 'absent'), log), []);
  assert.deepEqual(warnings, []);
});

for (const [what, content] of [
  ['nothing', ''],
  ['something else', 'hello\n'],
  ['half a file', 'pkarrd nodes 1\n192.0.2.1:6881\n192.0.'],
  ['a name', 'pkarrd nodes 1\nrouter.example:6881\n'],
  ['an address that is none', 'pkarrd nodes 1\n192.0.2.256:6881\n'],
  ['port 0', 'pkarrd nodes 1\n192.0.2.1:0\n'],
  ['too many nodes', `pkarrd nodes 1\n${'192.0.2.1:6881\n'.repeat(400)}`],
  ['binary octets', Buffer.alloc(100_000, 0xff)],
] as const) {
  test(`a file with ${what} gives no nodes and a warning`, async () => {
    writeFileSync(path, content);
    const { log, warnings } = counting();
    assert.deepEqual(await readNodeFile(path, log), []);
    assert.equal(warnings.length, 1);
  });
}

test('a directory in the place of the file gives no nodes and a warning', async () => {
  const { log, warnings } = counting();
  assert.deepEqual(await readNodeFile(directory, log), []);
  assert.equal(warnings.length, 1);
});

test('closing writes what is known, and a node that knows nobody leaves the file as it was', async () => {
  await writeNodeFile(path, nodes.slice(0, 3));
  await keepNodeFile({ path, knownNodes: async () => [], log: silentLog }).close();
  assert.equal((await readNodeFile(path, silentLog)).length, 3);
  await keepNodeFile({ path, knownNodes: async () => nodes.slice(0, 5), log: silentLog }).close();
  assert.equal((await readNodeFile(path, silentLog)).length, 5);
});

test('what is known is written soon after the start, and again soon while nobody is known, without an end', async () => {
  rmSync(path);
  const asked: number[] = [];
  const keeper = keepNodeFile({
    path,
    knownNodes: async () => nodes.slice(0, asked.push(performance.now()) < 3 ? 0 : 7),
    log: silentLog,
    first: 20,
  });
  while (!existsSync(path)) await sleep(5);
  assert.equal((await readNodeFile(path, silentLog)).length, 7);
  // The next time is a quarter of an hour away.
  await sleep(100);
  assert.equal(asked.length, 3);
  await keeper.close();
});

test('a directory that cannot be written to is warned of once', async () => {
  const { log, warnings } = counting();
  const keeper = keepNodeFile({ path: join(path, 'below-a-file'), knownNodes: async () => nodes, log });
  await keeper.close();
  await keeper.close();
  assert.equal(warnings.length, 1);
});
