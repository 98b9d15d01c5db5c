import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startMainlineNode } from '../../src/mainline/node/node.ts';
import { startTestNetworkThread } from '../../src/testnet/proxy.ts';
import type { TestNetwork } from '../../src/testnet/test-network.ts';
import { aRecord, signedPacket, testKey } from '../support/packets.ts';
import { startProgram, withDirectory } from './program.ts';

const numbers = Array.from({ length: 30 }, (_, index) => index + 1);
const nameOf = (n: number) => testKey(n).publicKey.text;
const addressOf = (n: number) => `192.0.2.${n}`;

let network: TestNetwork;
before(async () => {
  network = await startTestNetworkThread({ nodes: 100, silentFraction: 0.3, delayMs: 20 });
  const publisher = await startMainlineNode({ bootstrap: network.bootstrap, host: '127.0.0.1' });
  await publisher.settled();
  const now = Math.floor(Date.now() / 1000);
  await Promise.all(
    numbers.map(async (n) => {
      const packet = signedPacket(testKey(n), now, [aRecord(nameOf(n), addressOf(n))]);
      const { stored } = await publisher.put(packet.item, { signal: AbortSignal.timeout(20_000) });
      assert.ok(stored > 0);
    }),
  );
  await publisher.close();
});
after(() => network.close());

test('30 keys that were never asked before are all answered, asked at once in a network of 100 nodes of which 30 % are silent', async () => {
  await withDirectory(async (stateDir) => {
    const program = await startProgram({ stateDir, bootstrap: network.bootstrap });
    try {
      const told = await Promise.all(numbers.map((n) => program.ask(nameOf(n))));
      assert.deepEqual(
        told.map(({ addresses }) => addresses),
        numbers.map((n) => [addressOf(n)]),
      );
      assert.equal((await program.app.status()).packets.lookupsStarted, numbers.length);
    } finally {
      await program.app.close();
    }
  });
});
