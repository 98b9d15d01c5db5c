import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { monotonicMicroseconds } from '../../../src/system/notify/monotonic-clock.ts';
import { openServiceManager } from '../../../src/system/notify/open-service-manager.ts';
import { serviceManager } from '../../../src/system/notify/service-manager.ts';

/** A manager whose receiver takes each message when the test says so. */
function scene() {
  const sent: string[] = [];
  const failures: unknown[] = [];
  const taken: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const manager = serviceManager(
    (octets) => {
      sent.push(Buffer.from(octets).toString());
      return new Promise((resolve, reject) => taken.push({ resolve, reject }));
    },
    (error) => failures.push(error),
  );
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  return {
    manager,
    sent,
    failures,
    /** The receiver takes the message that is on its way, or refuses it. */
    async take(error?: Error): Promise<void> {
      await turn();
      const next = taken.shift() ?? assert.fail('nothing was sent');
      if (error === undefined) next.resolve();
      else next.reject(error);
      await turn();
    },
  };
}

test('messages are sent one after another in their order, and of statuses that wait only the last', async () => {
  const { manager, sent, take } = scene();
  manager.ready('One.');
  manager.status('Two.');
  manager.alive();
  manager.alive();
  manager.status('Three\nREADY=0.');
  manager.reloading();
  manager.ready();
  for (let i = 0; i < 5; i++) await take();
  assert.deepEqual(
    sent.map((text) => text.replace(/\d{4,}/, 'N')),
    ['READY=1', 'STATUS=Three READY=0.', 'WATCHDOG=1', 'RELOADING=1\nMONOTONIC_USEC=N', 'READY=1'],
  );
  manager.status('Three\nREADY=0.');
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(sent.length, 5, 'the same status is not sent again');
});

test('a receiver that hangs costs bounded memory and no time, and the end waits for it only a moment', async () => {
  const { manager, sent } = scene();
  for (let i = 0; i < 1_000; i++) {
    manager.reloading();
    manager.status(`${i}`);
    manager.alive();
    manager.ready();
  }
  const startedAt = performance.now();
  await manager.stopping();
  assert.ok(performance.now() - startedAt < 2_000);
  assert.equal(sent.length, 1);
});

test('a failure is told once until it works again, and nothing is lost that comes after', async () => {
  const { manager, sent, failures, take } = scene();
  for (const isRefused of [true, true, false, true]) {
    manager.alive();
    await take(isRefused ? new Error('refused') : undefined);
  }
  assert.equal(failures.length, 2);
  assert.equal(sent.length, 4);
});

test('a status that could not be sent is sent again when it is given again, and one that was sent is not', async () => {
  const { manager, sent, take } = scene();
  manager.status('One.');
  await take(new Error('refused'));
  manager.status('One.');
  await take();
  manager.status('One.');
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(sent, ['STATUS=One.', 'STATUS=One.']);
});

test('the time of a reload is that of the clock that all processes share', {
  skip: process.platform !== 'linux' && 'only Linux has /proc',
}, async () => {
  // CLOCK_BOOTTIME, which goes on while the machine sleeps.
  const [uptime = ''] = readFileSync('/proc/uptime', 'latin1').split(' ');
  const now = Number(await monotonicMicroseconds());
  assert.ok(now > 60e6 || Number(uptime) < 60, `${now} us`);
  assert.ok(now / 1e6 <= Number(uptime) + 1, `${now} us of ${uptime} s`);
  assert.ok(Number(await monotonicMicroseconds()) >= now);
});

test('what the environment says is taken once, and a watchdog only when it is for this process', async () => {
  const fail = () => assert.fail();
  for (const [microseconds, watched, expected] of [
    ['3000000', '42', 3_000],
    ['3000000', undefined, 3_000],
    ['3000000', '43', undefined],
    ['often', '42', undefined],
    ['1', '42', undefined],
  ] as const) {
    const environment: NodeJS.ProcessEnv = {
      NOTIFY_SOCKET: '/nonexistent',
      WATCHDOG_USEC: microseconds,
      WATCHDOG_PID: watched,
      HOME: '/',
    };
    const { manager, watchdogMs } = await openServiceManager(environment, undefined, fail, 42);
    assert.deepEqual([manager.isThere, watchdogMs], [true, expected]);
    assert.deepEqual(environment, { HOME: '/' });
  }
  const nobody = await openServiceManager({ WATCHDOG_USEC: '3000000' }, undefined, fail, 42);
  assert.deepEqual([nobody.manager.isThere, nobody.watchdogMs], [false, undefined]);
});
