import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { startMainlineNode } from '../../src/mainline/node/node.ts';
import { never } from '../mainline/support/items.ts';
import { aRecord, signedPacket, testKey } from '../support/packets.ts';
import { startPublicNetwork } from '../support/public-network.ts';
import { startScriptedUpstream } from '../support/scripted-upstream.ts';
import { startProgram, withDirectory } from './program.ts';

// Runs in a network of its own, whose nodes have public addresses. The program runs, ends, and runs again when its bootstrap
// node is gone and no name can be resolved. Says as JSON what came of it.
const now = Math.floor(Date.now() / 1000);
const nameOf = (n: number) => testKey(n).publicKey.text;
const network = await startPublicNetwork(24);
const bootstrap = network.addresses.slice(0, 1);
const publisher = await startMainlineNode({ bootstrap, network: 'public', host: '5.9.9.9' });
await publisher.settled();
for (const n of [1, 2])
  await publisher.put(signedPacket(testKey(n), now, [aRecord(nameOf(n), `192.0.2.${n}`)]).item, {
    signal: never(),
  });
await publisher.close();
const upstream = await startScriptedUpstream();

await withDirectory(async (stateDir) => {
  const settings = {
    stateDir,
    upstream: [upstream.spec],
    bootstrap: [...bootstrap, { host: 'router.example', port: 6881 }],
    dhtListen: { host: '5.1.1.1', port: 6881 },
  };
  const first = await startProgram(settings);
  const before = await first.ask(nameOf(1));
  await first.app.close();
  const files = readdirSync(stateDir).filter((name) => name.startsWith('nodes'));

  upstream.isBlackHole = true;
  await network.nodes[0]?.close();
  const second = await startProgram(settings);
  // Never asked before, so it comes from the network.
  const after = await second.ask(nameOf(2));
  // Answered by the first nodes; the others of the last run are heard from a moment later.
  let status = await second.app.status();
  for (let look = 0; look < 100 && (status.dht?.nodes ?? 0) < 8; look++) {
    await sleep(50);
    status = await second.app.status();
  }
  const { dht, packets } = status;
  await second.app.close();

  const elsewhere = await startProgram({ ...settings, bootstrap: [{ host: '23.9.9.9', port: 6881 }] });
  const foreign = await elsewhere.ask(nameOf(2));
  // A lookup, so that whoever is known has been asked.
  await elsewhere.ask(nameOf(3));
  const { dht: alone } = await elsewhere.app.status();
  await elsewhere.app.close();
  process.stdout.write(
    `${JSON.stringify({
      before: before.addresses,
      files: files.length,
      after: after.addresses,
      lookups: packets.lookupsStarted,
      nodes: dht?.nodes,
      foreign: foreign.addresses,
      nodesElsewhere: alone?.nodes,
    })}\n`,
  );
});
await upstream.close();
await network.close();
