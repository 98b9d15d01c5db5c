import { compareRecency, type SignedPacket } from '../../pkarr/signed-packet.ts';

/**
 * What happened to the packet of a key. A closed list.
 *
 * - `found`: the first packet that was seen, or one after there was none.
 * - `changed`: a newer packet took its place.
 * - `aged`: it was not signed anew for a day, a week, a month, three months, a year.
 * - `fewer-nodes`: at most half as many nodes and relays hold it as before.
 * - `gone`: those that answered have nothing any more.
 */
export type WatchEventKind = 'found' | 'changed' | 'aged' | 'fewer-nodes' | 'gone';

/** What one lookup saw. */
export interface Sighting {
  /** The newest packet that anybody had; undefined when those that answered have none. */
  readonly packet: SignedPacket | undefined;
  /** How many had that packet, and how many answered. */
  readonly held: number;
  readonly answered: number;
}

/** Something happened. */
export interface WatchEvent {
  readonly kind: WatchEventKind;
  /** The packet that it happened to; of `changed`, the new one. */
  readonly packet: SignedPacket;
  /** Of `changed`: the packet before. */
  readonly before?: SignedPacket;
  readonly held: number;
  /** Of `fewer-nodes`: how many held it. */
  readonly heldBefore?: number;
  readonly answered: number;
  /** Of the packet; less than 0 when it is dated ahead of this clock. */
  readonly ageSeconds: number;
}

/** What is known of a key. */
export interface WatchState {
  /** The newest packet that was seen. */
  readonly packet: SignedPacket | undefined;
  readonly isGone: boolean;
  /** The most that held it since the last event about that. */
  readonly mostHeld: number;
  /** How many of `AGES` it has passed. */
  readonly agesPassed: number;
}

/** The state before the first lookup. */
export const unseen: WatchState = { packet: undefined, isGone: false, mostHeld: 0, agesPassed: 0 };

const DAY = 86_400;
/** Seconds. */
const AGES = [DAY, 7 * DAY, 30 * DAY, 90 * DAY, 365 * DAY] as const;

/** What happened between the state and a lookup, and the state after it. Pure. @param now milliseconds since 1970. */
export function judgeSighting(
  state: WatchState,
  { packet, held, answered }: Sighting,
  now: number,
): { readonly state: WatchState; readonly events: readonly WatchEvent[] } {
  const last = state.packet;
  const event = (kind: WatchEventKind, of: SignedPacket, more: Partial<WatchEvent> = {}): WatchEvent => ({
    ...{ kind, packet: of, held, answered, ageSeconds: ageOf(of, now) },
    ...more,
  });
  if (packet === undefined) {
    if (last === undefined || state.isGone) return { state, events: [] };
    return { state: { ...state, isGone: true, mostHeld: 0 }, events: [event('gone', last, { held: 0 })] };
  }
  const order = last === undefined ? 1 : compareRecency(packet, last);
  if (last === undefined || order > 0 || state.isGone) {
    // After it was gone, an older one may be all that comes back.
    const next = { packet, isGone: false, mostHeld: held, agesPassed: agesPassed(packet, now) };
    const isChange = last !== undefined && order !== 0;
    const what = isChange ? event('changed', packet, { before: last }) : event('found', packet);
    return { state: next, events: [what] };
  }
  // Nobody has the newest any more, only an older one.
  const holders = order < 0 ? 0 : held;
  const passed = agesPassed(last, now);
  const isAged = passed > state.agesPassed;
  const isFewer = holders < state.mostHeld && holders * 2 <= state.mostHeld;
  return {
    state: {
      ...state,
      agesPassed: Math.max(passed, state.agesPassed),
      mostHeld: isFewer ? holders : Math.max(holders, state.mostHeld),
    },
    events: [
      ...(isAged ? [event('aged', last, { held: holders })] : []),
      ...(isFewer ? [event('fewer-nodes', last, { held: holders, heldBefore: state.mostHeld })] : []),
    ],
  };
}

function agesPassed(packet: SignedPacket, now: number): number {
  const age = ageOf(packet, now);
  return AGES.filter((least) => age >= least).length;
}

function ageOf({ timestamp }: SignedPacket, now: number): number {
  return Math.floor(now / 1000) - Number(timestamp / 1_000_000n);
}
