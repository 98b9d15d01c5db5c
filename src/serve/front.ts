import type { CacheStatistics } from '../cache/answer-cache.ts';
import type { Settings } from '../config/settings.ts';
import type { Name } from '../dns/name.ts';
import type { ForwarderStatus } from '../forward/choice/status.ts';
import type { HistogramSnapshot } from '../observe/metrics/histogram.ts';
import type { TrafficSnapshot } from '../observe/metrics/traffic.ts';
import type { PublicKey } from '../pkarr/public-key.ts';
import type { PetnameEntry } from '../resolve/special/petnames.ts';
import type { QueryObserver } from '../way/query-event.ts';
import type { AskOptions, AskOutcome, LocalAsker, ResponderParts, ResponderStatistics } from './responder.ts';
import type { ListenSettings, ServedAddress } from './served-address.ts';

/** The side of the program that faces clients: octets in, octets out. */
export interface Front {
  /**
   * Starts to listen. Resolves with the addresses that are available; others are waited for.
   * @throws ListenError when an address is taken or not permitted; then nothing is left open.
   */
  open(): Promise<readonly ServedAddress[]>;
  /**
   * Listens where these settings say from now on; the sockets of addresses that stay are kept. Resolves with those that are
   * available.
   * @throws ListenError; then nothing has changed.
   */
  listenAt(listen: ListenSettings): Promise<readonly ServedAddress[]>;
  /**
   * Uses other settings from now on, but for where it listens. Cached answers that they could make wrong are forgotten, and
   * questions in flight are answered.
   */
  reload(settings: Settings): Promise<void>;
  /** These are the petnames from now on; resolves when what others meant is forgotten. */
  usePetnames(entries: readonly PetnameEntry[]): Promise<void>;
  /** Answers a request of a program of this machine; see `Responder.ask`. */
  ask(request: Uint8Array, asker: LocalAsker, options?: AskOptions): Promise<AskOutcome>;
  /** From now on `observe` is told each query; undefined for nobody. */
  watchQueries(observe: QueryObserver | undefined): void;
  /** Forgets the answers made from an outdated packet of `key`. */
  forgetKey(key: PublicKey): void;
  /** Forgets the answers for names at and below `name`, and for all names of its key if it has one. @returns how many. */
  flush(name: Name): Promise<number>;
  /**
   * What was true of the old network is forgotten.
   * @param hasOtherUpstreams other upstreams are asked from now on: what the old ones said is fresh no longer. Names of keys
   * are not theirs.
   */
  networkChanged(hasOtherUpstreams: boolean): Promise<void>;
  /** Counters and state. */
  status(): Promise<FrontStatus>;
  /** Finishes the queries in flight, within 1.5 s, and frees the addresses. */
  close(): Promise<void>;
}

/** Counters and state since the start. */
export interface FrontStatus {
  readonly queries: ResponderStatistics;
  /** What was asked and answered. */
  readonly traffic: TrafficSnapshot;
  /** How late the event loop was, looked at once a second. */
  readonly loopDelay: HistogramSnapshot;
  readonly cache: CacheStatistics;
  readonly forwarder: ForwarderStatus;
  /** The network seems to have a captive portal that is not open yet. */
  readonly portalIsLikely: boolean;
  /** Undefined when there is one process. */
  readonly workers?: WorkersStatus;
}

/** The worker processes, when there are several. What one that is gone counted since it was last asked is lost. */
export interface WorkersStatus {
  readonly running: readonly { readonly pid: number; readonly queries: number }[];
  /** How many there should be. */
  readonly wanted: number;
  /** How often one ended and was replaced. */
  readonly restarts: number;
}

/** What a front needs from the rest of the program. */
export type FrontCallbacks = Pick<ResponderParts, 'cameBackFrom' | 'onLoop' | 'onBug' | 'now'>;
