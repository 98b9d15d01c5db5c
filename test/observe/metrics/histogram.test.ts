import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  countOf,
  durationBounds,
  Histogram,
  mergeHistograms,
} from '../../../src/observe/metrics/histogram.ts';
import { fc } from '../../support/property.ts';

const durations = fc.array(fc.double({ min: -1, max: 20_000, noNaN: true }), { maxLength: 50 });

function counted(milliseconds: readonly number[]) {
  const histogram = new Histogram();
  for (const one of milliseconds) histogram.record(one);
  return histogram.snapshot();
}

test('a duration is counted once, in the first bucket whose bound it does not exceed', () => {
  for (const [bucket, bound] of durationBounds.entries()) {
    assert.equal(counted([bound * 1000]).counts[bucket], 1, String(bound));
    assert.equal(counted([bound * 1000 * 1.001]).counts[bucket + 1], 1, String(bound));
  }
  fc.assert(fc.property(durations, (all) => countOf(counted(all)) === all.length));
});

test('what several counted together is what one would have counted', () => {
  fc.assert(
    fc.property(durations, durations, (one, other) => {
      const merged = mergeHistograms([counted(one), counted(other)]);
      const whole = counted([...one, ...other]);
      assert.deepEqual(merged.counts, whole.counts);
      assert.ok(Math.abs(merged.sum - whole.sum) < 1e-6);
    }),
  );
});
