import type { PacketSource } from '../find/packet-source.ts';
import type { Log } from '../observe/log.ts';
import type { SignedPacket } from '../pkarr/signed-packet.ts';
import type { Placeholders } from '../pkarr/zone/file/placeholders.ts';
import type { PublicationMemory } from './publication-memory.ts';
import type { Destinations } from './put-packet.ts';
import type { ScheduleClocks } from './schedule.ts';

/** What every task works with. */
export interface NetworkParts extends ScheduleClocks, Destinations {
  /** Where the newest packet of a key is looked for; all of them are asked. */
  readonly sources: readonly PacketSource[];
  readonly memory: PublicationMemory;
  readonly log: Log;
}

/** What a publisher works with. */
export interface PublisherParts extends NetworkParts {
  /** Hears of every packet that was put. */
  readonly learn: (packet: SignedPacket) => void;
  /** Our addresses as they are known now. Never rejects. */
  readonly external: () => Promise<Placeholders>;
}
