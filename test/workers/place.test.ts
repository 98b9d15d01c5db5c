import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { silentLog } from '../../src/observe/log.ts';
import type { WorkerProcess } from '../../src/system/worker-process.ts';
import { Place } from '../../src/workers/place.ts';

/** Processes that do nothing but end when they are told to. */
function scene(begin: (started: number) => Promise<void> = async () => {}) {
  let time = 0;
  const started: { end(why: string): void; readonly sent: unknown[] }[] = [];
  const told: number[] = [];
  const spawn = (): WorkerProcess => {
    const ends: ((why: string) => void)[] = [];
    const sent: unknown[] = [];
    const end = (why: string) => {
      for (const take of ends.splice(0)) take(why);
    };
    started.push({ end, sent });
    return {
      pid: started.length,
      send: (message) => sent.push(message),
      onMessage: () => {},
      onExit: (take) => ends.push(take),
      kill: () => end('SIGKILL'),
    };
  };
  const place = new Place({
    spawn,
    handlers: {
      packet: async () => ({ kind: 'busy' }),
      cameBackToOther: () => undefined,
      loop: () => {},
      bug: () => {},
    },
    begin: () => begin(started.length),
    log: { ...silentLog, warn: (_, { afterSeconds } = {}) => told.push(Number(afterSeconds)) },
    now: () => time,
  });
  return { place, started, told, pass: (ms: number) => (time += ms) };
}

test('a worker that ends again and again is replaced after ever longer pauses, up to half a minute', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const { place, started, told } = scene();
    await place.start();
    for (let i = 0; i < 12; i++) {
      started.at(-1)?.end('exit code 1');
      assert.equal(place.listening, undefined);
      mock.timers.tick(30_000);
      await Promise.resolve();
      assert.equal(started.length, i + 2);
    }
    assert.deepEqual(told, [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30, 30]);
    assert.equal(place.restarts, 12);
  } finally {
    mock.timers.reset();
  }
});

test('after a minute in which a worker was well, the pauses begin anew', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const { place, started, told, pass } = scene();
    await place.start();
    for (const lived of [0, 0, 60_000, 0]) {
      pass(lived);
      started.at(-1)?.end('SIGSEGV');
      mock.timers.tick(1_000);
      await Promise.resolve();
    }
    assert.deepEqual(told, [0.1, 0.2, 0.1, 0.2]);
  } finally {
    mock.timers.reset();
  }
});

test('a first worker that cannot begin is told to whoever starts it, and not replaced', async () => {
  const { place, started } = scene(async () => {
    throw new Error('the port is taken');
  });
  await assert.rejects(place.start(), /the port is taken/);
  await place.close(10);
  assert.deepEqual([started.length, place.restarts, place.link], [1, 0, undefined]);
});

test('a later worker that cannot begin is replaced by another', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const { place, started } = scene(async (count) => {
      if (count === 2) throw new Error('no memory');
    });
    await place.start();
    started.at(-1)?.end('SIGKILL');
    mock.timers.tick(100);
    for (let i = 0; i < 5; i++) await Promise.resolve();
    mock.timers.tick(200);
    for (let i = 0; i < 5; i++) await Promise.resolve();
    assert.deepEqual([started.length, place.listening?.pid], [3, 3]);
  } finally {
    mock.timers.reset();
  }
});

test('a worker that does not finish in time is ended, and none takes its place', async () => {
  const { place, started } = scene();
  await place.start();
  await place.close(10);
  assert.match(JSON.stringify(started[0]?.sent), /"stop"/);
  assert.deepEqual([started.length, place.listening], [1, undefined]);
});
