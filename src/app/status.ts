import type { ListenAddress } from '../config/listen-address.ts';
import type { Name } from '../dns/name.ts';
import type { FinderStatistics } from '../find/finder.ts';
import type { DhtStatus } from '../mainline/dht-node.ts';
import type { InternalErrorCount } from '../observe/internal-errors.ts';
import type { SignedPacket } from '../pkarr/signed-packet.ts';
import type { PublicationStatus } from '../publish/publication-status.ts';
import type { FrontStatus } from '../serve/front.ts';
import type { AskOutcome } from '../serve/responder.ts';

/** The running program. */
export interface App {
  /** The addresses that it listens on, over UDP and TCP. */
  readonly addresses: readonly ListenAddress[];
  /** Its current status. */
  status(): Promise<AppStatus>;
  /** Answers a DNS request of a program of this machine, as `serve` would over TCP. See `Responder.ask`. */
  ask(request: Uint8Array): Promise<AskOutcome>;
  /** Takes in a packet that was just published. @returns whether it is newer than what was known. */
  learn(packet: SignedPacket): Promise<boolean>;
  /** Removes everything cached for `name` and the names below it. */
  flush(name: Name): Promise<FlushOutcome>;
  /** Finishes queries in flight, within 2 s, and frees everything. May be called twice. */
  close(): Promise<void>;
}

/** What a flush removed. */
export interface FlushOutcome {
  readonly answers: number;
  /** Packets that are looked up again when they are needed next. An older packet never replaces one of them. */
  readonly packets: number;
}

/** The state of the program and its counts since the start. */
export interface AppStatus extends FrontStatus {
  /** The version of the program. */
  readonly version: string;
  /** Seconds. */
  readonly uptime: number;
  readonly packets: FinderStatistics;
  /** Undefined while the node is starting, or when the DHT is off. */
  readonly dht: DhtStatus | undefined;
  /** Zones and packets that are kept in the network, in the order of the configuration. */
  readonly publications: readonly PublicationStatus[];
  /** Internal errors since the start, the most frequent first. */
  readonly internalErrors: readonly InternalErrorCount[];
}
