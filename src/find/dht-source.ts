import { LRUCache } from 'lru-cache';
import { orAborted } from '../async/or-aborted.ts';
import type { VerifiedItem } from '../bep44/verified-item.ts';
import type { DhtNode, LookupEvent, NodeAddress } from '../mainline/dht-node.ts';
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

function translate(
  event: LookupEvent,
  judge: (item: VerifiedItem) => PacketVerdict,
): SourceEvent | undefined {
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

/** Distinct items of one lookup whose verdict is remembered: nodes hold one or two, unless somebody wants it otherwise. */
const MAX_VERDICTS = 8;

/** Up to 20 nodes return the same item, whose records are decoded once. */
function onceForEachItem(key: PublicKey): (item: VerifiedItem) => PacketVerdict {
  const verdicts = new LRUCache<VerifiedItem, PacketVerdict>({ max: MAX_VERDICTS });
  return (item) => {
    const verdict = verdicts.get(item) ?? SignedPacket.fromItem(key, item);
    verdicts.set(item, verdict);
    return verdict;
  };
}

function addressToText({ host, port }: NodeAddress): string {
  return `${host}:${port}`;
}
