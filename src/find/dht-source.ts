import { orAborted } from '../async/or-aborted.ts';
import type { DhtNode, LookupEvent, MutableItem, NodeAddress } from '../mainline/dht-node.ts';
import { MainlineError } from '../mainline/errors.ts';
import type { PublicKey } from '../pkarr/public-key.ts';
import { type PacketVerdict, SignedPacket } from '../pkarr/signed-packet.ts';
import { type PacketSource, SourceError, type SourceEvent } from './packet-source.ts';

/**
 * Packets from the Mainline DHT (BEP 44). `node` may still be starting: a lookup waits until it knows other nodes, or
 * until its signal aborts, so that the first question after a start has an answer and not an error.
 */
export function dhtSource(node: Promise<DhtNode>): PacketSource {
  return {
    label: 'dht',
    async *lookup(key, { newerThan, signal }) {
      const judge = onceForEachItem(key);
      const options = newerThan === undefined ? { signal } : { seq: newerThan, signal };
      try {
        const started = await orAborted(readyNode(node), signal);
        for await (const event of started.lookup(key.toBytes(), options)) {
          const translated = translate(event, judge);
          if (translated !== undefined) yield translated;
        }
      } catch (error) {
        if (error instanceof MainlineError) throw new SourceError(error.message, { cause: error });
        throw error;
      }
    },
  };
}

async function readyNode(starting: Promise<DhtNode>): Promise<DhtNode> {
  const node = await starting;
  await node.ready();
  return node;
}

function translate(event: LookupEvent, judge: (item: MutableItem) => PacketVerdict): SourceEvent | undefined {
  switch (event.kind) {
    case 'item': {
      const verdict = judge(event.item);
      const from = addressToText(event.from);
      if (verdict.ok) return { kind: 'packet', packet: verdict.packet, from };
      return { kind: 'unusable', seq: event.item.seq, reason: verdict.reason, from };
    }
    case 'confirmation':
      // The node holds nothing that we do not have; the summary counts it.
      return undefined;
    case 'done': {
      const { asked, answered, noValue, confirmed } = event.summary;
      return { kind: 'done', observed: { asked, answered, empty: noValue + confirmed } };
    }
  }
}

/**
 * Up to 20 nodes return the same octets, and verifying costs 0.2 ms, so each distinct item is judged once. A
 * lookup ends after a bounded number of items, and this map with it.
 */
function onceForEachItem(key: PublicKey): (item: MutableItem) => PacketVerdict {
  const verdicts = new Map<string, PacketVerdict>();
  return ({ seq, signature, value }) => {
    const identity = `${seq}:${Buffer.from(signature).toString('base64')}:${Buffer.from(value).toString('base64')}`;
    const known = verdicts.get(identity);
    if (known !== undefined) return known;
    const verdict = SignedPacket.verify({ key, seq, signature, value });
    verdicts.set(identity, verdict);
    return verdict;
  };
}

function addressToText({ host, port }: NodeAddress): string {
  return `${host}:${port}`;
}
