import type { Log } from '../observe/log.ts';
import type { SignedPacket } from '../pkarr/signed-packet.ts';
import type { Placeholders } from '../pkarr/zone/file/placeholders.ts';
import type { PublicationMemory } from './publication-memory.ts';
import type { PublishNetwork } from './put-packet.ts';
import type { ScheduleClocks } from './schedule.ts';

/** What every task works with. */
export interface NetworkParts extends ScheduleClocks, PublishNetwork {
  readonly memory: PublicationMemory;
  readonly log: Log;
}

/** What a publisher works with. */
export interface PublisherParts extends NetworkParts {
  /** Told of every packet that was put. */
  readonly learn: (packet: SignedPacket) => Promise<unknown>;
  /** Our addresses as they are known now. Never rejects. */
  readonly external: () => Promise<Placeholders>;
  /** Told of each internal error, which the log has already. */
  readonly onInternalError?: (error: unknown) => void;
}
