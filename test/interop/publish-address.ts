import { publishNetwork } from '../../src/app/packet-sources.ts';
import { Type } from '../../src/dns/codes.ts';
import type { Message } from '../../src/dns/message.ts';
import type { DhtNode } from '../../src/mainline/dht-node.ts';
import { encodePacketMessage } from '../../src/pkarr/packet-message.ts';
import { noMemory, type Published, publishZone } from '../../src/publish/publish.ts';
import { aRecord, testKey } from '../support/packets.ts';

/** Publishes one address under `www` of the test key of this number, in the way the program does. */
export async function publishAddress(node: DhtNode, key: number, address: string): Promise<Published> {
  const now = BigInt(Date.now()) * 1000n;
  const message = encodePacketMessage([aRecord(wwwOf(key), address)]);
  return await publishZone({
    keyPair: testKey(key),
    zone: { message, fingerprint: '', changedAt: now, isIncomplete: false },
    network: publishNetwork(Promise.resolve(node), []),
    memory: noMemory,
    mode: 'new',
    now,
    signal: AbortSignal.timeout(20_000),
  });
}

/** `www` under the test key of this number. */
export function wwwOf(key: number): string {
  return `www.${testKey(key).publicKey.text}`;
}

/** The addresses that a message answers with. */
export function addressesOf({ answers }: Message): readonly string[] {
  return answers.filter(({ type }) => type === Type.A).map(({ rdata }) => rdata.join('.'));
}
