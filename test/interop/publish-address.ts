import { Type } from '../../src/dns/codes.ts';
import type { Message } from '../../src/dns/message.ts';
import { dhtSource } from '../../src/find/dht-source.ts';
import type { DhtNode } from '../../src/mainline/dht-node.ts';
import { dhtSink } from '../../src/publish/packet-sink.ts';
import { type Published, publishRecords } from '../../src/publish/publish.ts';
import { aRecord, testKey } from '../support/packets.ts';

/** Publishes one address under `www` of the test key of this number, in the way the program does. */
export async function publishAddress(node: DhtNode, key: number, address: string): Promise<Published> {
  const started = Promise.resolve(node);
  return await publishRecords({
    keyPair: testKey(key),
    records: [aRecord(wwwOf(key), address)],
    source: dhtSource(started),
    sink: dhtSink(started),
    now: BigInt(Date.now()) * 1000n,
    force: false,
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
