import assert from 'node:assert/strict';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mock, test } from 'node:test';
import {
  machineView,
  type NetworkChange,
  type NetworkView,
  watchNetwork,
} from '../../src/system/network-watch.ts';
import { ResolverFiles } from '../../src/system/resolver-files.ts';

/** A machine whose network the test changes, and whose time it moves. */
function scene() {
  const state = { interfaces: 'lo 127.0.0.1/8', resolvers: '192.0.2.1', slept: 0, isFailing: false };
  const view: NetworkView = {
    interfaces: () => state.interfaces,
    async resolvers() {
      if (state.isFailing) throw new Error('a bug');
      return state.resolvers;
    },
    slept() {
      const { slept } = state;
      state.slept = 0;
      return slept;
    },
  };
  const changes: NetworkChange[] = [];
  const bugs: unknown[] = [];
  const stop = watchNetwork(
    view,
    (change) => changes.push(change),
    (error) => bugs.push(error),
  );
  const look = async () => {
    // What a look awaits settles before the timer of the next is set.
    await new Promise(setImmediate);
    mock.timers.tick(500);
    await new Promise(setImmediate);
  };
  return { state, changes, bugs, look, stop };
}

async function watched(run: (parts: ReturnType<typeof scene>) => Promise<void>): Promise<void> {
  mock.timers.enable({ apis: ['setTimeout'] });
  const parts = scene();
  try {
    await run(parts);
  } finally {
    parts.stop();
    mock.timers.reset();
  }
}

test('a network that stays as it is changes nothing', () =>
  watched(async ({ changes, look }) => {
    for (let i = 0; i < 5; i++) await look();
    assert.deepEqual(changes, []);
  }));

test('an interface that comes, and another resolver, are told once each', () =>
  watched(async ({ state, changes, look }) => {
    await look();
    state.interfaces = 'lo 127.0.0.1/8\nwlan0 192.0.2.7/24';
    await look();
    state.resolvers = '192.0.2.2';
    await look();
    await look();
    assert.deepEqual(changes, ['interfaces', 'resolvers']);
  }));

test('a machine that slept for over two seconds is told, and one that nodded is not', () =>
  watched(async ({ state, changes, look }) => {
    await look();
    state.slept = 1_500;
    await look();
    assert.deepEqual(changes, []);
    state.slept = 3_600_000;
    await look();
    await look();
    assert.deepEqual(changes, ['sleep']);
  }));

test('after the end nothing is told any more', () =>
  watched(async ({ state, changes, look, stop }) => {
    await look();
    stop();
    state.interfaces = 'other';
    await look();
    assert.deepEqual(changes, []);
  }));

test('a look that fails is told, and followed by the next', () =>
  watched(async ({ state, changes, bugs, look }) => {
    await look();
    state.isFailing = true;
    await look();
    state.isFailing = false;
    state.resolvers = '192.0.2.3';
    await look();
    assert.deepEqual([bugs.length, changes], [1, ['resolvers']]);
  }));

test('a file that is written again with the same content is no change, and one with other resolvers is', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'pkarrd-watch-'));
  const path = join(directory, 'resolv.conf');
  const view = machineView(new ResolverFiles([{ path, format: 'resolv-conf', isDirectory: false }]));
  const write = async (text: string) => {
    await writeFile(`${path}.new`, text);
    await rename(`${path}.new`, path);
  };
  const absent = await view.resolvers();
  await write('nameserver 192.0.2.1\n');
  const first = await view.resolvers();
  assert.notEqual(first, absent);
  for (const same of ['nameserver 192.0.2.1\n', '# by hand\nnameserver\t192.0.2.1 # a\n\noptions edns0\n']) {
    await write(same);
    assert.equal(await view.resolvers(), first);
  }
  const texts = [
    'nameserver 192.0.2.1\nsearch lan\n',
    'nameserver 192.0.2.2\n',
    'nameserver 192.0.2.2\nnameserver 192.0.2.1\n',
    '',
  ];
  const seen = new Set([first]);
  for (const text of texts) {
    await write(text);
    seen.add(await view.resolvers());
  }
  assert.equal(seen.size, 1 + texts.length);
  await rm(path);
  assert.equal(await view.resolvers(), absent);
  await rm(directory, { recursive: true });
});
