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

/** A machine whose network the test changes, and whose time it moves. */
function scene() {
  const state = { interfaces: 'lo 127.0.0.1/8', files: 'resolv.conf 1', wall: 1_000_000, monotonic: 0 };
  const view: NetworkView = {
    interfaces: () => state.interfaces,
    files: async () => state.files,
    wall: () => state.wall,
    monotonic: () => state.monotonic,
  };
  const changes: NetworkChange[] = [];
  const stop = watchNetwork(view, (change) => changes.push(change));
  const look = async () => {
    // What a look awaits settles before the timer of the next is set.
    await new Promise(setImmediate);
    state.wall += 500;
    state.monotonic += 500;
    mock.timers.tick(500);
    await new Promise(setImmediate);
  };
  return { state, changes, look, stop };
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

test('an interface that comes, and a file that is replaced, are told once each', () =>
  watched(async ({ state, changes, look }) => {
    await look();
    state.interfaces = 'lo 127.0.0.1/8\nwlan0 192.0.2.7/24';
    await look();
    state.files = 'resolv.conf 2';
    await look();
    await look();
    assert.deepEqual(changes, ['interfaces', 'resolver-files']);
  }));

test('a wall clock that ran on while the monotonic one stood is a machine that slept', () =>
  watched(async ({ state, changes, look }) => {
    await look();
    state.wall += 3_600_000;
    await look();
    await look();
    assert.deepEqual(changes, ['clock-jump']);
  }));

test('a clock that is corrected by less than two seconds is no sleep', () =>
  watched(async ({ state, changes, look }) => {
    await look();
    state.wall -= 1_500;
    await look();
    assert.deepEqual(changes, []);
  }));

test('after the end nothing is told any more', () =>
  watched(async ({ state, changes, look, stop }) => {
    await look();
    stop();
    state.interfaces = 'other';
    await look();
    assert.deepEqual(changes, []);
  }));

test('a real file is another when it is written, replaced or removed', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'pkarrd-watch-'));
  const path = join(directory, 'resolv.conf');
  const view = machineView([path]);
  const seen = new Set([await view.files()]);
  await writeFile(path, 'nameserver 192.0.2.1\n');
  seen.add(await view.files());
  await writeFile(`${path}.new`, 'nameserver 192.0.2.2\n');
  await rename(`${path}.new`, path);
  seen.add(await view.files());
  await rm(path);
  assert.equal(seen.size, 3);
  assert.ok(seen.has(await view.files()));
  await rm(directory, { recursive: true });
});
