import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Rcode } from '../../src/dns/codes.ts';
import { ExtendedErrorCode } from '../../src/dns/extended-error.ts';
import { type LocalDhtNode, startMainlineNode } from '../../src/mainline/node/node.ts';
import { startTestNetworkThread } from '../../src/testnet/proxy.ts';
import type { TestNetwork } from '../../src/testnet/test-network.ts';
import { startRelayServer } from '../relay/relay-server.ts';
import { ownNetworkIsMissing, runInOwnNetwork } from '../support/own-network.ts';
import { aRecord, signedPacket, testKey } from '../support/packets.ts';
import { type BlackHole, openBlackHole } from './black-hole.ts';
import { leavePacket } from './old-packet.ts';
import { startProgram, withDirectory } from './program.ts';

const now = Math.floor(Date.now() / 1000);
const packetOf = (n: number) =>
  signedPacket(testKey(n), now, [aRecord(testKey(n).publicKey.text, `192.0.2.${n}`)]);
const nameOf = (n: number) => testKey(n).publicKey.text;

let network: TestNetwork;
let publisher: LocalDhtNode;
let hole: BlackHole;
before(async () => {
  network = await startTestNetworkThread({ nodes: 24 });
  publisher = await startMainlineNode({ bootstrap: network.bootstrap, host: '127.0.0.1' });
  await publisher.settled();
  for (const n of [1, 2]) {
    await publisher.put(packetOf(n).item, { signal: AbortSignal.timeout(20_000) });
  }
  hole = await openBlackHole();
});
after(async () => {
  await publisher.close();
  await network.close();
  await hole.close();
});

test('a restart with upstreams and the bootstrap node dead needs neither: the nodes of the last run are asked, in that network alone', {
  skip: ownNetworkIsMissing(),
}, async () => {
  const told = await runInOwnNetwork(fileURLToPath(new URL('remembered-child.js', import.meta.url)));
  const { nodes, ...others } = told as { readonly nodes: number };
  assert.deepEqual(others, {
    before: ['192.0.2.1'],
    files: 1,
    after: ['192.0.2.2'],
    lookups: 1,
    // The packet is in the store by now; the node that was asked for it in the other network is not there.
    foreign: ['192.0.2.2'],
    nodesElsewhere: 0,
  });
  assert.ok(nodes >= 8, `${nodes} nodes`);
});

test('the first answer after a restart comes from the store, and nobody is asked', async () => {
  await withDirectory(async (stateDir) => {
    const first = await startProgram({ stateDir, bootstrap: network.bootstrap });
    assert.deepEqual((await first.ask(nameOf(1))).addresses, ['192.0.2.1']);
    await first.app.close();
    const second = await startProgram({ stateDir, bootstrap: [hole.address] });
    try {
      const { addresses, extendedErrors } = await second.ask(nameOf(1));
      assert.deepEqual([addresses, extendedErrors], [['192.0.2.1'], []]);
      assert.equal((await second.app.status()).packets.lookupsStarted, 0);
    } finally {
      await second.app.close();
    }
  });
});

test('with the DHT and the relay dead, an expired packet of the store is the answer within 2 s, and says that it is stale', async () => {
  const relay = await startRelayServer(() => {
    // Takes the request and never answers.
  });
  try {
    await withDirectory(async (stateDir) => {
      await leavePacket(stateDir, packetOf(3), 86_400);
      const program = await startProgram({
        stateDir,
        bootstrap: [hole.address],
        relay: [new URL(relay.url)],
      });
      try {
        const told = await program.ask(nameOf(3));
        assert.deepEqual(
          [told.rcode, told.addresses, told.extendedErrors],
          [Rcode.NOERROR, ['192.0.2.3'], [ExtendedErrorCode.STALE_ANSWER]],
        );
        assert.ok(told.milliseconds < 2_000, `after ${told.milliseconds} ms`);
        assert.equal(relay.requests.length, 1);
      } finally {
        await program.app.close();
      }
    });
  } finally {
    await relay.close();
  }
});
