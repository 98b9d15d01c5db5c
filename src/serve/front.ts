import type { CacheStatistics } from '../cache/answer-cache.ts';
import type { ListenAddress } from '../config/listen-address.ts';
import type { Name } from '../dns/name.ts';
import type { ForwarderStatus } from '../forward/choice/status.ts';
import type { PublicKey } from '../pkarr/public-key.ts';
import type { ResponderParts, ResponderStatistics } from './responder.ts';

/** What faces clients: octets in, octets out. */
export interface Front {
  /**
   * Listens, and gives the addresses that are there. One that is not is waited for.
   * @throws ListenError when an address is taken or not permitted; then nothing is left open.
   */
  open(): Promise<readonly ListenAddress[]>;
  /** Forgets what was made of a packet that is out of date. */
  forgetKey(key: PublicKey): void;
  /** Forgets the answers for names at and below `name`. @returns how many. */
  flush(name: Name): Promise<number>;
  /**
   * What was true of the old network is forgotten.
   * @param hasOtherUpstreams other upstreams are asked from now on: what the old ones said is fresh no longer. Names of keys
   * are not theirs.
   */
  networkChanged(hasOtherUpstreams: boolean): Promise<void>;
  /** What was done. */
  status(): Promise<FrontStatus>;
  /** Finishes what is in flight, within 1.5 s, and frees the addresses. */
  close(): Promise<void>;
}

/** What a front holds and has done since its start. */
export interface FrontStatus {
  readonly queries: ResponderStatistics;
  readonly cache: CacheStatistics;
  readonly forwarder: ForwarderStatus;
  /** Undefined when there is one process. */
  readonly workers?: WorkersStatus;
}

/** The processes that face clients, when there are several. Counts of one that was replaced are gone with it. */
export interface WorkersStatus {
  readonly running: readonly { readonly pid: number; readonly queries: number }[];
  /** How many there should be. */
  readonly wanted: number;
  /** How often one ended and was replaced. */
  readonly restarts: number;
}

/** What a front tells and asks of the rest of the program. */
export type FrontCallbacks = Pick<ResponderParts, 'cameBackFrom' | 'onLoop' | 'onBug' | 'now'>;
