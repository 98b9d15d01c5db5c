import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REFRESH_EVERY, Schedule } from '../../src/publish/schedule.ts';
import { fc } from '../support/property.ts';

function scene(random = 0.5) {
  const clock = { now: 0, wall: 1e12 };
  const schedule = new Schedule({ now: () => clock.now, nowWall: () => clock.wall, random: () => random });
  const pass = (milliseconds: number) => {
    clock.now += milliseconds;
    clock.wall += milliseconds;
  };
  return { clock, schedule, pass };
}

test('it is due at once, and then hourly within ±10 %', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (random) => {
      const { schedule, pass } = scene(random);
      assert.equal(schedule.left, 0);
      schedule.begun();
      schedule.succeeded();
      assert.ok(schedule.left >= 0.9 * REFRESH_EVERY && schedule.left <= 1.1 * REFRESH_EVERY);
      pass(0.9 * REFRESH_EVERY - 1);
      assert.ok(schedule.left > 0);
      pass(0.2 * REFRESH_EVERY + 1);
      assert.equal(schedule.left, 0);
    }),
  );
});

test('after failures the pauses double up to a quarter of an hour, and a success forgets them', () => {
  const { schedule, pass } = scene();
  const pauses = Array.from({ length: 10 }, () => {
    schedule.begun();
    schedule.failed();
    const { left } = schedule;
    pass(left);
    return Math.round(left / 1000);
  });
  assert.deepEqual(pauses, [5, 10, 20, 40, 80, 160, 320, 640, 900, 900]);
  assert.equal(schedule.isFailing, true);
  schedule.begun();
  schedule.succeeded();
  assert.equal(schedule.isFailing, false);
  pass(schedule.left);
  schedule.begun();
  schedule.failed();
  assert.equal(Math.round(schedule.left / 1000), 5);
});

test('what is to be done at once stays so through the run that is going on', () => {
  for (const end of ['succeeded', 'failed'] as const) {
    const { schedule } = scene();
    schedule.begun();
    schedule.hurry();
    schedule[end]();
    assert.equal(schedule.left, 0, end);
  }
});

test('a machine that slept is late by nothing, and a clock set back keeps nobody waiting', () => {
  const slept = scene();
  slept.schedule.begun();
  slept.clock.wall += 8 * REFRESH_EVERY;
  assert.equal(slept.schedule.left, 0);
  const setBack = scene();
  setBack.schedule.begun();
  setBack.clock.wall -= 8 * REFRESH_EVERY;
  setBack.clock.now += REFRESH_EVERY;
  assert.equal(setBack.schedule.left, 0);
});
