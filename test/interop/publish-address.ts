import { Type } from '../../src/dns/codes.ts';
import { DhtConnection } from '../../src/find/dht-connection.ts';
import type { DhtNode } from '../../src/mainline/dht-node.ts';
import { encodePacketMessage } from '../../src/pkarr/packet-message.ts';
import { noMemory, type Published, publishZone } from '../../src/publish/publish.ts';
import { publishNetwork } from '../../src/publish/publish-network.ts';
import { never } from '../mainline/support/items.ts';
import { askUdp, query, type ServerAddress } from '../support/dns-client.ts';
import { aRecord, testKey } from '../support/packets.ts';

/** Publishes one address under `www` of the test key of this number, in the way the program does. */
export async function publishAddress(node: DhtNode, key: number, address: string): Promise<Published> {
  const now = BigInt(Date.now()) * 1000n;
  const message = encodePacketMessage([aRecord(wwwOf(key), address)]);
  return await publishZone({
    keyPair: testKey(key),
    zone: { message, fingerprint: '', changedAt: now, isIncomplete: false },
    network: publishNetwork(new DhtConnection(Promise.resolve(node)), []),
    memory: noMemory,
    mode: 'new',
    now,
    signal: never(),
  });
}

/** `www` under the test key of this number. */
export function wwwOf(key: number): string {
  return `www.${testKey(key).publicKey.text}`;
}

/**
 * The addresses of `www` of the test key of this number. Asks as a client does: again, when the answer was that it took
 * too long.
 */
export async function askForAddresses(server: ServerAddress, key: number): Promise<readonly string[]> {
  for (;;) {
    const { answers } = await askUdp(server, query(wwwOf(key)));
    if (answers.length > 0)
      return answers.filter(({ type }) => type === Type.A).map(({ rdata }) => rdata.join('.'));
  }
}
