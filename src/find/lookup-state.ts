import { compareRecency, type SignedPacket } from '../pkarr/signed-packet.ts';
import type { Observed, SourceEvent } from './packet-source.ts';

/**
 * What a lookup knows so far, and which packet wins. The outcome does not depend on the order in which events
 * arrive.
 */
export interface LookupState {
  /** The newest packet, the one that we held before included. */
  readonly best: SignedPacket | undefined;
  /** How many reported the best packet during this lookup; 0 when it is what we held and nobody has it. */
  readonly heldBy: number;
  /** How many reported an older packet than the best. */
  readonly behind: number;
  /**
   * The largest sequence number of an item that the key signed and that is no packet. It is told to people and does
   * not hide an older packet that is good.
   */
  readonly unusableSeq: bigint | undefined;
  readonly observed: Observed;
}

const nothingObserved: Observed = { asked: 0, answered: 0, empty: 0 };

/** A lookup that has heard nothing yet; `held` is the packet that we have already. */
export function initialState(held: SignedPacket | undefined): LookupState {
  return { best: held, heldBy: 0, behind: 0, unusableSeq: undefined, observed: nothingObserved };
}

/** What is known after one more event. Pure. */
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

/** What two sources saw together. */
export function addObserved(a: Observed, b: Observed): Observed {
  return { asked: a.asked + b.asked, answered: a.answered + b.answered, empty: a.empty + b.empty };
}

function applyPacket(state: LookupState, packet: SignedPacket): LookupState {
  const order = state.best === undefined ? 1 : compareRecency(packet, state.best);
  if (order === 0) return { ...state, heldBy: state.heldBy + 1 };
  if (order < 0) return { ...state, behind: state.behind + 1 };
  return { ...state, best: packet, heldBy: 1, behind: state.behind + state.heldBy };
}
