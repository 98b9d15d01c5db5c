import { compareRecency, type SignedPacket } from '../pkarr/signed-packet.ts';
import type { Timestamp } from '../pkarr/timestamp.ts';
import type { Observed, SourceEvent } from './packet-source.ts';

/**
 * The state of a lookup, which decides which packet wins. The result does not depend on the order of events.
 */
export interface LookupState {
  /** The newest packet, including the one that we already had. */
  readonly best: SignedPacket | undefined;
  /** How many returned the best packet during this lookup; 0 if it is the one that we had and nobody returned it. */
  readonly heldBy: number;
  /** A packet with an older timestamp is refused: a newer one was served before, but is no longer cached. */
  readonly floor: Timestamp | undefined;
  /** How many returned an older packet than the best one, or than the floor. */
  readonly behind: number;
  /**
   * The largest sequence number of an item that is signed by the key but is not a valid packet. It is reported to people, and
   * does not hide an older valid packet.
   */
  readonly unusableSeq: bigint | undefined;
  readonly observed: Observed;
}

const nothingObserved: Observed = { asked: 0, answered: 0, empty: 0, notNewer: 0 };

/** The state before the first event; `held` is the packet that we already have. */
export function initialState(held?: SignedPacket, floor?: Timestamp): LookupState {
  return { best: held, floor, heldBy: 0, behind: 0, unusableSeq: undefined, observed: nothingObserved };
}

/** The state after another event. Pure. */
export function applyEvent(state: LookupState, event: SourceEvent): LookupState {
  switch (event.kind) {
    case 'packet':
      return applyPacket(state, event.packet);
    case 'unusable': {
      const seq = state.unusableSeq;
      return { ...state, unusableSeq: seq === undefined || event.seq > seq ? event.seq : seq };
    }
    case 'done':
      return { ...state, observed: addObserved(state.observed, event.observed) };
  }
}

/** Whether a packet is older than the floor. */
export function isRefused({ floor }: Pick<LookupState, 'floor'>, { timestamp }: SignedPacket): boolean {
  return floor !== undefined && timestamp < floor;
}

/**
 * Whether a lookup without a packet proves that there is none: enough of the nodes have nothing, or all that were asked, and
 * none has anything. Pure.
 *
 * @param quorum how many suffice; fewer do if fewer were asked.
 */
export function provesAbsence({ observed, behind }: LookupState, quorum: number): boolean {
  const { asked, empty, notNewer } = observed;
  return notNewer + behind === 0 && empty >= Math.min(quorum, Math.max(asked, 1));
}

/** The sum of the observations of two sources. */
export function addObserved(a: Observed, b: Observed): Observed {
  return {
    asked: a.asked + b.asked,
    answered: a.answered + b.answered,
    empty: a.empty + b.empty,
    notNewer: a.notNewer + b.notNewer,
  };
}

function applyPacket(state: LookupState, packet: SignedPacket): LookupState {
  if (isRefused(state, packet)) return { ...state, behind: state.behind + 1 };
  const order = state.best === undefined ? 1 : compareRecency(packet, state.best);
  if (order === 0) return { ...state, heldBy: state.heldBy + 1 };
  if (order < 0) return { ...state, behind: state.behind + 1 };
  return { ...state, best: packet, heldBy: 1, behind: state.behind + state.heldBy };
}
