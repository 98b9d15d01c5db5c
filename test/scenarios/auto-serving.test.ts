import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ownNetworkIsMissing, runInOwnNetwork } from '../support/own-network.ts';

test('with dht-serve = auto the program serves other nodes once strangers reach its public address for 15 minutes, until the network changes', {
  skip:
    'bun' in process.versions
      ? 'Bun loads nothing before the program in a thread, whose time is moved here'
      : ownNetworkIsMissing(),
}, async () => {
  const child = fileURLToPath(new URL('auto-serving-child.js', import.meta.url));
  const told = await runInOwnNetwork(child, [], new URL('../support/thread-time.js', import.meta.url));
  assert.deepEqual(told, [
    'not-reached',
    ['trial', 0],
    1,
    ['The DHT node serves others now (dht-serve = auto).{"address":"109.0.0.1"}'],
    'not-reached',
    [
      'The network changed.{"change":"interfaces"}',
      'The DHT node no longer serves others.{"reason":"the network changed"}',
    ],
    ['trial', 1],
    ['The DHT node no longer serves others.{"reason":"the node is stopped"}'],
  ]);
});
