import type { PutReport } from './put-report.ts';

/**
 * Why a packet was not published. A closed list.
 *
 * - `clock-behind`: the network holds a packet that is dated over a day ahead of our clock.
 * - `newer-elsewhere`: the network holds a packet that somebody else published after the zone was written.
 * - `unreachable`: the network could not be asked for the packet that it holds, or nobody to store one was found.
 * - `not-stored`: nodes or relays were asked to store it and none did.
 * - `conflict`: most nodes hold something newer by now, published by somebody else with this key.
 */
export type PublishFailure = 'clock-behind' | 'newer-elsewhere' | 'unreachable' | 'not-stored' | 'conflict';

/** The packet is not in the network, or not where people would find it. */
export class PublishError extends Error {
  override readonly name = 'PublishError';
  readonly kind: PublishFailure;
  /** What was answered, when anybody was asked to store it. */
  readonly delivery: PutReport | undefined;

  constructor(kind: PublishFailure, message: string, delivery?: PutReport) {
    super(message);
    this.kind = kind;
    this.delivery = delivery;
  }
}
