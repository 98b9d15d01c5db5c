import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ElapsedClock } from '../../src/async/elapsed-clock.ts';
import { fc } from '../support/property.ts';

/** A clock over a machine whose two clocks the test moves. */
function scene() {
  const machine = { wall: 1_700_000_000_000, monotonic: 5_000.25 };
  const clock = new ElapsedClock({ wall: () => machine.wall, monotonic: () => machine.monotonic });
  return {
    clock,
    /** Time passes. */
    pass(ms: number) {
      machine.wall += ms;
      machine.monotonic += ms;
    },
    /** The machine sleeps, or somebody sets the time of day. */
    setWall(ms: number) {
      machine.wall += ms;
    },
  };
}

test('it begins with 0, and counts the time that passes', () => {
  const { clock, pass } = scene();
  assert.equal(clock.now(), 0);
  pass(1_500);
  assert.equal(clock.now(), 1_500);
  assert.equal(clock.check(), 0);
});

test('the time that the machine slept counts at once, and a check says how long it was', () => {
  const { clock, pass, setWall } = scene();
  pass(1_000);
  setWall(8 * 3_600_000);
  assert.equal(clock.now(), 1_000 + 8 * 3_600_000);
  pass(500);
  assert.equal(clock.check(), 8 * 3_600_000);
  assert.equal(clock.check(), 0);
});

test('a wall clock that is set back does not take time back, and time goes on', () => {
  const { clock, pass, setWall } = scene();
  pass(1_000);
  assert.equal(clock.now(), 1_000);
  pass(200);
  setWall(-3_600_000);
  assert.equal(clock.now(), 1_200);
  pass(300);
  assert.equal(clock.now(), 1_500);
  assert.equal(clock.check(), 0);
});

test('a step back that nobody saw, because the clock was not asked for long, is found by a check', () => {
  const { clock, pass, setWall } = scene();
  assert.equal(clock.check(), 0);
  setWall(-10_000);
  pass(20_000);
  assert.equal(clock.check(), 0);
  assert.equal(clock.now(), 20_000);
});

test('sleep before a step back still counts', () => {
  const { clock, pass, setWall } = scene();
  setWall(3_600_000);
  assert.equal(clock.now(), 3_600_000);
  setWall(-1_000);
  pass(500);
  assert.ok(clock.now() >= 3_600_000);
  assert.ok(clock.check() >= 3_599_000);
});

test('whatever is done to the clocks, it never goes back, gives whole numbers, and no less than what passed', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('pass' as const), ms: fc.double({ min: 0, max: 1e5, noNaN: true }) }),
    fc.record({ kind: fc.constant('set' as const), ms: fc.integer({ min: -1e7, max: 1e7 }) }),
    fc.record({ kind: fc.constant('check' as const), ms: fc.constant(0) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const machine = { wall: 1_700_000_000_000, monotonic: 0 };
      const clock = new ElapsedClock({
        wall: () => Math.floor(machine.wall),
        monotonic: () => machine.monotonic,
      });
      let last = clock.now();
      for (const { kind, ms } of steps) {
        if (kind === 'check') clock.check();
        else machine.wall += ms;
        if (kind === 'pass') machine.monotonic += ms;
        const now = clock.now();
        assert.ok(Number.isInteger(now) && now >= last, `${now} after ${last}`);
        last = now;
      }
      clock.check();
      // Each check may round down by a millisecond, and leaves what NTP may slew.
      assert.ok(
        clock.now() >= machine.monotonic - 51 * (steps.length + 1),
        `${clock.now()} of ${machine.monotonic}`,
      );
    }),
  );
});
