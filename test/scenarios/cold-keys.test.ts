import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startMainlineNode } from '../../src/mainline/node/node.ts';
import { startTestNetworkThread } from '../../src/testnet/proxy.ts';
import type { TestNetwork } from '../../src/testnet/test-network.ts';
import { never } from '../mainline/support/items.ts';
import { building } from '../support/building.ts';
import { aRecord, signedPacket, testKey } from '../support/packets.ts';
import { type Program, startProgram, withDirectory } from './program.ts';

const numbers = Array.from({ length: 30 }, (_, index) => index + 1);
const nameOf = (n: number) => testKey(n).publicKey.text;
const addressOf = (n: number) => `192.0.2.${n}`;

let network: TestNetwork;
before(async () => {
  network = await building(async (undo) => {
    const built = await startTestNetworkThread({ nodes: 100, silentFraction: 0.3, delayMs: 20 });
    undo(() => built.close());
    // Its answers are waited for as long as a busy machine takes for them; nodes that are silent for ever hold up nobody.
    const patient = { bootstrap: built.bootstrap, host: '127.0.0.1', timeoutMs: 15_000 };
    const publisher = await startMainlineNode(patient);
    undo(() => publisher.close());
    await publisher.ready();
    await Promise.all(numbers.map((n) => publisher.put(packetOf(n).item, { signal: never() })));
    await publisher.close();
    return { ...built };
  });
});
after(() => network?.close());

function packetOf(n: number) {
  return signedPacket(testKey(n), Math.floor(Date.now() / 1000), [aRecord(nameOf(n), addressOf(n))]);
}

test('30 keys that were never asked before are all answered, asked at once in a network of 100 nodes of which 30 % are silent', async () => {
  await withDirectory(async (stateDir) => {
    const program = await startProgram({ stateDir, bootstrap: network.bootstrap });
    try {
      assert.deepEqual(
        await Promise.all(numbers.map((n) => ask(program, nameOf(n)))),
        numbers.map((n) => [addressOf(n)]),
      );
      assert.equal((await program.app.status()).packets.lookupsStarted, numbers.length);
    } finally {
      await program.app.close();
    }
  });
});

/** Asks as a client does: again, when the answer was that it took too long. The lookup goes on meanwhile. */
async function ask(program: Program, name: string): Promise<readonly string[]> {
  for (;;) {
    const { addresses } = await program.ask(name);
    if (addresses.length > 0) return addresses;
  }
}
