import type { ListenAddress } from '../config/listen-address.ts';
import type { Name } from '../dns/name.ts';
import type { FinderStatistics } from '../find/finder.ts';
import type { DhtStatus } from '../mainline/dht-node.ts';
import type { InternalErrorCount } from '../observe/internal-errors.ts';
import type { PublicationStatus } from '../publish/publication-status.ts';
import type { FrontStatus } from '../serve/front.ts';

/** The running program. */
export interface App {
  /** Where it answers, over UDP and TCP. */
  readonly addresses: readonly ListenAddress[];
  /** What it is doing. */
  status(): Promise<AppStatus>;
  /** Forgets what is known of `name` and the names below it. */
  flush(name: Name): Promise<FlushOutcome>;
  /** Finishes what is in flight, within 2 s, and frees everything. May be called twice. */
  close(): Promise<void>;
}

/** What was forgotten. */
export interface FlushOutcome {
  readonly answers: number;
  /** Packets that are asked for again when they are needed next; none of them gives way to an older one. */
  readonly packets: number;
}

/** What the program holds and has done since its start. */
export interface AppStatus extends FrontStatus {
  /** Seconds. */
  readonly uptime: number;
  readonly packets: FinderStatistics;
  /** Undefined while the node is starting, or when the DHT is off. */
  readonly dht: DhtStatus | undefined;
  /** Zones and packets that are kept in the network, in the order of the configuration. */
  readonly publications: readonly PublicationStatus[];
  /** Bugs that came to light since the start, the most frequent first. */
  readonly internalErrors: readonly InternalErrorCount[];
}
