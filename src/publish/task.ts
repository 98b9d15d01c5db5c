import type { PublicKey } from '../pkarr/public-key.ts';
import type { SignedPacket } from '../pkarr/signed-packet.ts';
import type { Placeholders } from '../pkarr/zone/file/placeholders.ts';
import type { PutReport } from './put-report.ts';

/** What one run put into the network. */
export interface TaskResult {
  readonly packet: SignedPacket;
  readonly report: PutReport;
  /** The packet was published elsewhere, and takes precedence over the zone file. */
  readonly isAdopted: boolean;
}

/** One thing that is kept in the network: a zone of ours, or a packet of somebody else. */
export interface Task {
  readonly kind: 'publish' | 'keep';
  readonly name: string;
  /** Undefined while the key file cannot be read. */
  readonly key: PublicKey | undefined;
  /** What is wrong with the files as they are now. */
  readonly problem: string | undefined;
  /** It contains an address of this machine. */
  readonly needsAddress: boolean;
  /** Checks the files for something new to put. Rejects only because of a bug. */
  look(placeholders: Placeholders): Promise<TaskNews>;
  /** Asks the network something, because nodes tell us our address with every answer. Rejects as `run` does. */
  warmUp(signal: AbortSignal): Promise<void>;
  /** Reads what the network holds and puts what belongs there. @throws TaskError, PublishError; the reason of the signal */
  run(signal: AbortSignal): Promise<TaskResult>;
}

/** `changed`: put it now. `wait`: not yet, an address is missing that may be known soon. */
export type TaskNews = 'changed' | 'same' | 'wait';

/** The task cannot be done as it stands. The message is a sentence for people. */
export class TaskError extends Error {
  override readonly name = 'TaskError';
}
