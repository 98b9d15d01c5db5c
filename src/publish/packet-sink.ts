import type { DhtNode, PutOutcome } from '../mainline/dht-node.ts';
import type { SignedPacket } from '../pkarr/signed-packet.ts';

/** What became of a packet, in nodes: see PutOutcome. What nodes answer is never an error but part of it. */
export type PublishOutcome = PutOutcome;

/** Somewhere that packets can be put: the DHT, a relay. */
export interface PacketSink {
  /** What it is called in messages, for example `dht`. */
  readonly label: string;
  /** Puts `packet` there. Rejects with MainlineError when nothing could be tried, or with the reason of `signal`. */
  publish(packet: SignedPacket, options: { readonly signal: AbortSignal }): Promise<PublishOutcome>;
}

/** The Mainline DHT (BEP 44) as a sink. `node` may still be starting. */
export function dhtSink(node: Promise<DhtNode>): PacketSink {
  return {
    label: 'dht',
    async publish(packet, { signal }) {
      // Without `cas`: nodes that hold an older packet than the newest would refuse the new one and keep theirs. An
      // older `seq` is refused by itself.
      return await (await node).put(packet.item, { signal });
    },
  };
}
