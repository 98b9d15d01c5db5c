import type { ConfigProblem } from '../config/config-error.ts';
import type { Settings } from '../config/settings.ts';
import type { Name } from '../dns/name.ts';
import type { FinderStatistics } from '../find/finder.ts';
import type { HttpStatus } from '../http/http-status.ts';
import type { DhtStatus } from '../mainline/dht-node.ts';
import type { InternalErrorCount } from '../observe/internal-errors.ts';
import type { SignedPacket } from '../pkarr/signed-packet.ts';
import type { PublicationStatus } from '../publish/publication-status.ts';
import type { PublisherEntries } from '../publish/publisher.ts';
import type { CertificateStatus } from '../serve/certificate/current-certificate.ts';
import type { FrontStatus } from '../serve/front.ts';
import type { AskOptions, AskOutcome, LocalAsker } from '../serve/responder.ts';
import type { ServedAddress } from '../serve/served-address.ts';
import type { PacketHistory } from '../store/history.ts';
import type { PacketStoreStatistics } from '../store/packet-store.ts';
import type { QueryObserver } from '../way/query-event.ts';
import type { SettingChange } from './configuration/changed-settings.ts';
import type { NameBook } from './names/name-book.ts';
import type { SourcesStatus } from './packets.ts';

/** The running program. */
export interface App {
  /** The addresses that it listens on now, and for what. Those of DNS over UDP and TCP come first. */
  readonly addresses: readonly ServedAddress[];
  /**
   * Uses another configuration from now on. Sockets, caches and the DHT are kept where their settings stay, and questions in
   * flight are answered. One reload follows another.
   * @throws ListenError when an address cannot be had, or ReloadError; then nothing has changed.
   */
  reload(settings: Settings, entries: PublisherEntries): Promise<ReloadOutcome>;
  /** Its current status. */
  status(): Promise<AppStatus>;
  /** Answers a DNS request of a program of this machine, as `serve` would over TCP. See `Responder.ask`. */
  ask(request: Uint8Array, asker: LocalAsker, options?: AskOptions): Promise<AskOutcome>;
  /** Tells `observe` each query that is answered from now on. @returns a function that ends it. */
  followQueries(observe: QueryObserver): () => void;
  /** Takes in a packet that was just published. @returns whether it is newer than what was known. */
  learn(packet: SignedPacket): Promise<boolean>;
  /** Names of the user's own for keys. */
  readonly names: Pick<NameBook, 'list' | 'keyOf' | 'add' | 'remove'>;
  /** The last packets of keys that are of interest here. */
  readonly history: Pick<PacketHistory, 'of' | 'watch' | 'watched'>;
  /** Removes everything cached for `name` and the names below it. */
  flush(name: Name): Promise<FlushOutcome>;
  /** Finishes queries in flight, within 2 s, and frees everything. May be called twice. */
  close(): Promise<void>;
}

/** What came of a reload. */
export interface ReloadOutcome {
  /** Settings that have changed, in the order of help. */
  readonly changed: readonly SettingChange[];
  /** Settings that keep their value until the next start. */
  readonly needRestart: readonly SettingChange[];
  /** Publications that were added or removed, by name. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** Whether the configuration on disk is the one that is used. */
export interface ConfigurationStatus {
  /**
   * `current`: it is. `accepted`: it was invalid at the start, and the last one that was accepted is used. `defaults`: it was
   * invalid at the start, and there was no other. `refused`: it was refused by the last reload.
   */
  readonly state: 'current' | 'accepted' | 'defaults' | 'refused';
  /** The file that it was read from; absent where there is none. */
  readonly file?: string;
  /** What is wrong with the one on disk. */
  readonly problems: readonly ConfigProblem[];
  /** Of `accepted`: milliseconds since 1970. */
  readonly acceptedAt?: number;
}

/** What a flush removed. */
export interface FlushOutcome {
  readonly answers: number;
  /** Packets that are looked up again when they are needed next. An older packet never replaces one of them. */
  readonly packets: number;
}

/** The state of the program and its counts since the start. */
export interface AppStatus extends FrontStatus {
  /** Where it listens, as texts: see `servedAddressToText`. */
  readonly listen: readonly string[];
  /** The port that the default means first, 53, where this user may not listen on it; absent otherwise. */
  readonly portNotPermitted?: number;
  /** The certificate for encrypted DNS, if one is set. */
  readonly certificate?: CertificateStatus;
  /** The version of the program, and the id of its process. */
  readonly version: string;
  readonly pid: number;
  /** Seconds. */
  readonly uptime: number;
  readonly sources: SourcesStatus;
  readonly packets: FinderStatistics;
  /** Whether packets that are found are kept over a restart: only when it is `writing`. */
  readonly store: PacketStoreStatistics['state'];
  /** Undefined while the node is starting, and when the DHT is off. */
  readonly dht: DhtStatus | undefined;
  /** Zones and packets that are kept in the network, in the order of the configuration. */
  readonly publications: readonly PublicationStatus[];
  /** Where browsers open the sites of keys. */
  readonly http: HttpStatus;
  /** Absent when the program is part of another command. */
  readonly configuration?: ConfigurationStatus;
  /** Internal errors since the start, the most frequent first. */
  readonly internalErrors: readonly InternalErrorCount[];
}
