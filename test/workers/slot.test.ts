import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { silentLog } from '../../src/observe/log.ts';
import type { WorkerProcess } from '../../src/system/worker-process.ts';
import { WorkerSlot } from '../../src/workers/slot.ts';

/** Processes that do nothing but say that they are there, while they are well, and end when they are told to. */
function scene(
  begin: (started: number) => Promise<void> = async () => {},
  beforeSpawn: () => void = () => {},
) {
  let time = 0;
  const started: { end(why: string): void; readonly sent: unknown[]; isWell: boolean }[] = [];
  const told: number[] = [];
  const reasons: unknown[] = [];
  const errors: unknown[] = [];
  const spawn = (): WorkerProcess => {
    beforeSpawn();
    const ends: ((why: string) => void)[] = [];
    const sent: unknown[] = [];
    const end = (why: string) => {
      for (const take of ends.splice(0)) take(why);
    };
    const takers: ((message: unknown) => void)[] = [];
    const own = { end, sent, isWell: true };
    started.push(own);
    return {
      pid: started.length,
      send(message) {
        sent.push(message);
        const { call, name } = message as { readonly call: number; readonly name: string };
        if (name !== 'areYouThere' || !own.isWell) return;
        for (const take of takers) take({ kind: 'answer', call, body: undefined });
      },
      onMessage: (take) => takers.push(take),
      onExit: (take) => ends.push(take),
      kill: () => end('SIGKILL'),
    };
  };
  const place = new WorkerSlot({
    spawn,
    handlers: {
      packet: async () => ({ kind: 'busy' }),
      cameBackToOther: () => undefined,
      loop: () => {},
      queries: () => {},
      runtimeWarning: () => {},
      listenFailed: () => {},
      systemResolvers: async () => ({ servers: [], search: [], links: [] }),
      internalError: () => undefined,
    },
    begin: () => begin(started.length),
    log: {
      ...silentLog,
      warn(_, { afterSeconds, why } = {}) {
        told.push(Number(afterSeconds));
        reasons.push(why);
      },
      error: (_, fields) => errors.push(fields),
    },
    now: () => time,
  });
  return { place, started, told, reasons, errors, pass: (ms: number) => (time += ms) };
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

test('a worker for which there is no process is tried again after ever longer pauses, until there is one', async () => {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  try {
    let failures = 0;
    const { place, started, errors } = scene(undefined, () => {
      if (failures-- > 0) throw new Error('spawn EAGAIN');
    });
    await place.start();
    failures = 3;
    started.at(-1)?.end('SIGKILL');
    await passSeconds(5);
    assert.deepEqual([started.length, place.listening?.pid], [2, 2]);
    const reason = 'no process can be started: spawn EAGAIN';
    assert.deepEqual(
      errors,
      [0.2, 0.4, 0.8].map((afterSeconds) => ({ reason, afterSeconds })),
    );
    const closed = place.close(10);
    mock.timers.tick(10);
    await closed;
  } finally {
    mock.timers.reset();
  }
});

test('a first worker for which there is no process is told to whoever starts it', async () => {
  const { place } = scene(undefined, () => {
    throw new Error('spawn EAGAIN');
  });
  await assert.rejects(place.start(), { name: 'LinkError', message: /spawn EAGAIN/ });
  await place.close(10);
});

test('a worker that does not finish in time is ended, and none takes its place', async () => {
  const { place, started } = scene();
  await place.start();
  await place.close(10);
  assert.match(JSON.stringify(started[0]?.sent), /"stop"/);
  assert.deepEqual([started.length, place.listening], [1, undefined]);
});

/** Lets seconds pass for timers, one by one, and what waits for promises go on in between. */
async function passSeconds(seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    mock.timers.tick(1_000);
    for (let i = 0; i < 5; i++) await Promise.resolve();
  }
}

test('a worker that answers is left alone; one that has not for 10 s is ended and replaced', async () => {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  try {
    const { place, started, reasons } = scene();
    await place.start();
    await passSeconds(60);
    assert.equal(started.length, 1);
    for (const worker of started) worker.isWell = false;
    await passSeconds(9);
    assert.deepEqual(reasons, []);
    await passSeconds(5);
    assert.deepEqual([started.length, reasons], [2, ['it does not answer']]);
    await passSeconds(60);
    assert.deepEqual([started.length, place.restarts], [2, 1]);
    const closed = place.close(10);
    mock.timers.tick(10);
    await closed;
  } finally {
    mock.timers.reset();
  }
});

test('a primary that stood still itself does not take it for the silence of its workers', async () => {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  try {
    const { place, started, pass } = scene();
    await place.start();
    for (const worker of started) worker.isWell = false;
    await passSeconds(3);
    // A minute by the clock, but no look at the worker.
    pass(60_000);
    await passSeconds(2);
    assert.equal(started.length, 1);
    const closed = place.close(10);
    mock.timers.tick(10);
    await closed;
  } finally {
    mock.timers.reset();
  }
});

test('a worker that hangs before it listens has half a minute', async () => {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  try {
    const { place, started } = scene(() => new Promise(() => {}));
    void place.start();
    for (const worker of started) worker.isWell = false;
    await passSeconds(30);
    assert.equal(place.link === undefined, false);
    await passSeconds(5);
    assert.equal(place.link, undefined);
  } finally {
    mock.timers.reset();
  }
});
