import type { SignedPacket } from '../pkarr/signed-packet.ts';
import type { PutReport } from './put-report.ts';

/**
 * Why a packet was not published. A closed list.
 *
 * - `clock-behind`: the network holds a packet that is dated over a day ahead of our clock. `last-timestamp`: it holds one
 *   with the largest timestamp that there is, so that none can follow.
 * - `newer-elsewhere`: the network holds a packet that was published elsewhere after the zone file was changed, or when
 *   nobody knows when it was changed.
 * - `empty`: no record is left, because the addresses in the zone are not known.
 * - `unreachable`: neither DHT nor relays could be asked for what they hold, or no node or relay to store it was found.
 * - `not-stored`: nodes or relays were asked to store it and none did.
 * - `conflict`: most nodes, or all relays that answered, hold something newer by now, published elsewhere with this key.
 */
export type PublishFailure =
  | 'clock-behind'
  | 'last-timestamp'
  | 'newer-elsewhere'
  | 'empty'
  | 'unreachable'
  | 'not-stored'
  | 'conflict';

/** The packet is not in the network, or not where readers would find it. */
export class PublishError extends Error {
  override readonly name = 'PublishError';
  readonly kind: PublishFailure;
  /** What nodes and relays answered, if any was asked to store it. */
  readonly report: PutReport | undefined;
  /** The packet in the network that stands in the way, for `clock-behind`, `last-timestamp` and `newer-elsewhere` if it is one. */
  readonly held: SignedPacket | undefined;

  constructor(
    kind: PublishFailure,
    message: string,
    { report, held }: { readonly report?: PutReport; readonly held?: SignedPacket | undefined } = {},
  ) {
    super(message);
    this.kind = kind;
    this.report = report;
    this.held = held;
  }
}
