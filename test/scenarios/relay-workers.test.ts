import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestNetworkThread } from '../../src/testnet/proxy.ts';
import { askRelay } from '../http/relay/ask-relay.ts';
import { askUdp, query } from '../support/dns-client.ts';
import { freePort } from '../support/free-port.ts';
import { aRecord, signedPacket, testKey } from '../support/packets.ts';
import { startWorkers } from '../support/worker-scene.ts';

const pair = testKey(80);
const name = pair.publicKey.text;
const now = Math.floor(Date.now() / 1000);

test('what is put into the relay is answered by every worker at once, and what it takes the place of by none', async () => {
  const network = await startTestNetworkThread({ nodes: 20 });
  const port = await freePort();
  const [first] = network.bootstrap;
  const scene = await startWorkers(
    2,
    ...['--bootstrap', `${first?.host}:${first?.port}`, '--upstream', '127.0.0.1:9'],
    ...['--http', `127.0.0.1:${port}`],
  );
  try {
    for (const last of [1, 2, 3]) {
      const packet = signedPacket(pair, now + last, [aRecord(name, `192.0.2.${last}`)]);
      const { status } = await askRelay(port, {
        method: 'PUT',
        path: `/${name}`,
        body: packet.toRelayPayload(),
      });
      assert.equal(status, 204);
      // Each comes from a port of its own, so that the kernel has all workers answer.
      const replies = await Promise.all(Array.from({ length: 20 }, () => askUdp(scene.server, query(name))));
      for (const { answers } of replies)
        assert.deepEqual(
          answers.map(({ rdata }) => [...rdata]),
          [[192, 0, 2, last]],
        );
    }
  } finally {
    await scene.close();
    await network.close();
  }
});
