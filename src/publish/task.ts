import type { PublicKey } from '../pkarr/public-key.ts';
import type { SignedPacket } from '../pkarr/signed-packet.ts';
import type { Placeholders } from '../pkarr/zone/file/placeholders.ts';
import type { PutReport } from './put-report.ts';

/** What one run put into the network. */
export interface Done {
  readonly packet: SignedPacket;
  readonly delivery: PutReport;
  /** The packet was published elsewhere, and is kept in place of the zone file. */
  readonly isAdopted: boolean;
}

/** One thing that is kept in the network: a zone of ours, or a packet of anybody. */
export interface Task {
  readonly kind: 'publish' | 'keep';
  readonly name: string;
  /** Undefined as long as the key's file cannot be read. */
  readonly key: PublicKey | undefined;
  /** What is wrong with the files as they are now. */
  readonly problem: string | undefined;
  /** An address of ours stands in it. */
  readonly needsAddress: boolean;
  /** Looks whether there is something new to put, or to be told. */
  look(placeholders: Placeholders): TaskNews;
  /** Asks the network something, so that nodes tell us our address by the way. Rejects as `run`. */
  warmUp(signal: AbortSignal): Promise<void>;
  /** Looks at the network and puts what belongs there. @throws TaskError, PublishError; the reason of the signal. */
  run(signal: AbortSignal): Promise<Done>;
}

/** `changed`: put it now. `wait`: not yet, something is missing that may come soon. */
export type TaskNews = 'changed' | 'same' | 'wait';

/** The task cannot be done as it stands: one sentence for people. */
export class TaskError extends Error {
  override readonly name = 'TaskError';
}
