import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ownNetworkIsMissing, runInOwnNetwork } from '../../support/own-network.ts';

test('when 30 % of all nodes are placed around a target to take its item and hide it, it is put behind them too, and found', {
  skip: ownNetworkIsMissing(),
}, async () => {
  const told = await runInOwnNetwork(fileURLToPath(new URL('crowd-child.js', import.meta.url)));
  const { crowd, others, found } = told as Readonly<Record<'crowd' | 'others' | 'found', number>>;
  assert.ok(crowd >= 15, `${crowd} of those that were placed were put to`);
  // Without the measures against a crowd it is put to the crowd alone, and found nowhere.
  assert.ok(others >= 5, `${others} others hold it`);
  assert.ok(found >= 1, `found at ${found} nodes`);
});
