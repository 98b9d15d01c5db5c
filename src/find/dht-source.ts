import type { VerifiedItem } from '../bep44/verified-item.ts';
import type { LookupEvent, LookupSummary, NodeAddress, NodeEvent } from '../mainline/dht-node.ts';
import type { PublicKey } from '../pkarr/public-key.ts';
import { RecentMap } from '../pkarr/recent-map.ts';
import { type PacketVerdict, SignedPacket } from '../pkarr/signed-packet.ts';
import type { Timestamp } from '../pkarr/timestamp.ts';
import { type DhtConnection, toSourceError } from './dht-connection.ts';
import type { SourceStep } from './lookup-step.ts';
import type { PacketSource, SourceEvent } from './packet-source.ts';

/** Maximum number of distinct items per lookup whose verdict is cached; nodes usually hold one or two. */
const MAX_VERDICTS = 8;

/** Packets from the Mainline DHT (BEP 44). While the node is starting, a lookup waits for it. */
export function dhtSource(connection: DhtConnection): PacketSource {
  return {
    label: 'dht',
    async *lookup(key, { newerThan, observe, isBrief = false, signal }) {
      const judge = judgeOnce(key);
      let newest: Timestamp | undefined;
      using session = await connection.open(signal);
      const options = {
        signal: session.signal,
        isWatched: observe !== undefined,
        isBrief,
        ...(newerThan !== undefined && { seq: newerThan }),
      };
      try {
        for await (const event of session.node.lookup(key.toBytes(), options)) {
          if (event.kind === 'done') {
            const { networkNodes } = event.summary;
            if (networkNodes !== undefined) observe?.({ of: 'network', nodes: networkNodes });
            const problem = problemOf(event.summary);
            if (problem !== undefined) throw await connection.failed(problem);
          }
          if (event.kind === 'node' || event.kind === 'asked') {
            observe?.(nodeStep(event));
            continue;
          }
          connection.answered();
          // Each of the nodes can hold another version of one key, and decoding a packet takes up to 1.5 ms.
          if (event.kind === 'item' && newest !== undefined && event.item.seq < newest) continue;
          const translated = translate(event, judge);
          if (translated === undefined) continue;
          if (translated.kind === 'packet') newest = translated.packet.timestamp;
          yield translated;
        }
      } catch (error) {
        signal.throwIfAborted();
        throw toSourceError(error);
      }
    },
  };
}

function problemOf({ asked, answered, refused }: LookupSummary): string | undefined {
  if (answered + refused > 0) return undefined;
  return asked === 0 ? 'no DHT node is known' : `none of ${asked} DHT nodes answered`;
}

function translate(
  event: Exclude<LookupEvent, NodeEvent>,
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
      // The node has nothing newer than we have; the summary counts it.
      return undefined;
    case 'done': {
      const { asked, answered, noValue, confirmed } = event.summary;
      return { kind: 'done', observed: { asked, answered, empty: noValue, notNewer: confirmed } };
    }
  }
}

/** Up to 20 nodes return the same item, and its records are decoded once. */
function judgeOnce(key: PublicKey): (item: VerifiedItem) => PacketVerdict {
  const verdicts = new RecentMap<VerifiedItem, PacketVerdict>(MAX_VERDICTS);
  return (item) => {
    const known = verdicts.get(item);
    if (known !== undefined) return known;
    const verdict = SignedPacket.fromItem(key, item);
    verdicts.set(item, verdict);
    return verdict;
  };
}

/** What is told of a node. */
export function nodeStep(event: NodeEvent): SourceStep {
  const address = addressToText(event.from);
  if (event.kind === 'node') return { of: 'node', address, found: event.found };
  return { of: 'node-asked', address, ...(event.near !== undefined && { near: event.near }) };
}

function addressToText({ host, port }: NodeAddress): string {
  return `${host}:${port}`;
}
