import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpv4 } from '../../../src/mainline/addresses.ts';
import { Reachability } from '../../../src/mainline/node/reachability.ts';

const MINUTE = 60_000;
const host = (text: string) => parseIpv4(text) ?? assert.fail(text);
const OWN = host('45.1.2.3');
const stranger = (n: number) => host(`46.1.1.${n}`);

/** The state after strangers arrived at these minutes, at the minute of `at`. */
function stateAfter(minutes: readonly number[], at: number): string {
  const reachability = new Reachability();
  for (const [n, minute] of minutes.entries()) reachability.received(stranger(n), OWN, minute * MINUTE);
  return reachability.stateAt(at * MINUTE);
}

test('a node is reached when strangers arrive over 15 minutes with no pause of more than 15', () => {
  assert.equal(stateAfter([], 0), 'unreached');
  assert.equal(stateAfter([0], 1), 'trial');
  assert.equal(stateAfter([0, 14.9], 14.9), 'trial');
  assert.equal(stateAfter([0], 15), 'trial', 'one stranger is not enough');
  assert.equal(stateAfter([0, 15], 15), 'reached');
  assert.equal(stateAfter([0, 10, 20], 35), 'reached');
  assert.equal(stateAfter([0, 10, 20], 35.1), 'unreached');
  assert.equal(stateAfter([0, 16], 16), 'trial', 'the pause was too long, so it begins anew');
});

test('a host that was asked within 10 minutes is no stranger, nor is one of the same /16', () => {
  const reachability = new Reachability();
  reachability.asked(stranger(1), 0);
  reachability.received(stranger(1), OWN, 9.9 * MINUTE);
  reachability.received(host('45.1.200.200'), OWN, MINUTE);
  assert.equal(reachability.stateAt(10 * MINUTE), 'unreached');
  reachability.received(stranger(1), OWN, 30 * MINUTE);
  assert.equal(reachability.stateAt(30 * MINUTE), 'trial', 'asked long ago');
});

test('when more hosts were asked than are remembered, nobody counts as a stranger until that is long ago', () => {
  const reachability = new Reachability();
  for (let n = 0; n < 70_000; n++) reachability.asked(n, 0);
  reachability.received(stranger(1), OWN, MINUTE);
  reachability.received(stranger(1), OWN, 11 * MINUTE);
  assert.equal(reachability.stateAt(11 * MINUTE), 'unreached');
  reachability.received(stranger(1), OWN, 22 * MINUTE);
  assert.equal(reachability.stateAt(22 * MINUTE), 'trial');
});

test('in another network it begins anew', () => {
  const reachability = new Reachability();
  for (const minute of [0, 10, 20]) reachability.received(stranger(1), OWN, minute * MINUTE);
  reachability.forget();
  assert.equal(reachability.stateAt(20 * MINUTE), 'unreached');
  reachability.received(stranger(1), OWN, 21 * MINUTE);
  assert.equal(reachability.stateAt(21 * MINUTE), 'trial');
});
