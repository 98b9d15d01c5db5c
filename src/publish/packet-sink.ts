import { type DhtConnection, toSourceError } from '../find/dht-connection.ts';
import type { PutEvent, PutOutcome } from '../mainline/dht-node.ts';
import type { SignedPacket } from '../pkarr/signed-packet.ts';

/** What became of a packet, in nodes: see PutOutcome. What nodes answer is never an error but part of it. */
export type PublishOutcome = PutOutcome;

/** See {@link PacketSink.publish}. */
export interface SinkOptions {
  /** Is told what goes on. */
  readonly observe?: ((event: PutEvent) => void) | undefined;
  readonly signal: AbortSignal;
}

/** Somewhere that packets can be put: the DHT. */
export interface PacketSink {
  /** What it is called in messages, for example `dht`. */
  readonly label: string;
  /** Puts `packet` there. Rejects with SourceError when no node answers, or with the reason of `signal`. */
  publish(packet: SignedPacket, options: SinkOptions): Promise<PublishOutcome>;
}

/** The Mainline DHT (BEP 44) as a sink. */
export function dhtSink(connection: DhtConnection): PacketSink {
  return {
    label: 'dht',
    async publish(packet, { observe, signal }) {
      using session = await connection.open(signal);
      try {
        // Without `cas`: nodes that hold an older packet than the newest would refuse the new one and keep theirs. An
        // older `seq` is refused anyway.
        return await session.node.put(packet.item, { observe, signal: session.signal });
      } catch (error) {
        signal.throwIfAborted();
        throw toSourceError(error);
      }
    },
  };
}
