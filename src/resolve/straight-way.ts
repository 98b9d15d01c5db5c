import { Type } from '../dns/codes.ts';
import type { MessageLayout } from '../dns/layout.ts';
import type { Forwarder } from '../forward/forwarder.ts';
import type { StraightQuery } from '../forward/straight/straight-query.ts';
import { ipClass, isLocalClass } from '../ip/address-class.ts';
import { SHORTEST_KEY_LIKE_TEXT } from '../pkarr/public-key.ts';
import { endsWithAlias } from './complete-alias.ts';
import { hasKeyLikeLabel } from './key-records.ts';
import { mayBeSpecial } from './special/special-names.ts';

/** The straight way of a question: past the router and all layers, which have nothing to say of it. */
export interface StraightWay {
  /** Queries that wait for their reply. */
  readonly size: number;
  /** Whether the question with this key may go this way: no layer has anything to say of it. */
  isFor(key: string): boolean;
  /** The query with this key that waits for its reply. */
  find(key: string): StraightQuery | undefined;
  /** Asks an upstream a question that this way is for. @returns false when it is for the full way all the same; then nothing was done. */
  ask(query: StraightQuery): boolean;
  /** Whether no layer would change this reply. */
  accepts(bytes: Uint8Array, layout: MessageLayout): boolean;
  /** All that wait go the full way. */
  leaveAll(): void;
}

/** What the straight way has to go around. */
export interface StraightWayParts {
  readonly forwarder: Forwarder;
  /** Rebinding protection is on. */
  readonly checksAddresses: boolean;
}

/**
 * The straight way through a router with these parts. Each rule here is stricter than the layer it stands for: what a layer
 * might look at goes the full way. A hosts file is looked at before.
 */
export function straightWay({ forwarder, checksAddresses }: StraightWayParts): StraightWay {
  return {
    get size() {
      return forwarder.straight.size;
    },
    find: (key) => forwarder.straight.find(key),
    isFor: isPlainQuestion,
    ask: (query) => forwarder.askStraight(query),
    accepts(bytes, layout) {
      // Names that could be keys' (`completeAliases`), and aliases to follow.
      if (hasKeyLikeLabel(bytes) || endsWithAlias(bytes, layout, (bytes[3] as number) & 15)) return false;
      return !checksAddresses || !mayHaveLocalAddress(bytes, layout);
    },
    leaveAll: () => forwarder.straight.leaveAll('with-what-was-sent'),
  };
}

/**
 * Whether a question is surely nothing to the router (names of keys, ANY), to suffixes, petnames and stray keys, and to special
 * names. `key` is a name in lower-case wire form, TYPE, and an octet of flags.
 */
function isPlainQuestion(key: string): boolean {
  const nameEnd = key.length - 3;
  if (((key.charCodeAt(nameEnd) << 8) | key.charCodeAt(nameEnd + 1)) === Type.ANY) return false;
  let last = -1;
  let before = -1;
  let at = 0;
  for (;;) {
    const length = key.charCodeAt(at);
    if (length === 0) break;
    // A key, something in the shape of one, a label with one inside, or what is almost one.
    if (length >= SHORTEST_KEY_LIKE_TEXT) return false;
    before = last;
    last = at;
    at += length + 1;
  }
  // The root itself is nobody's, and asked for too seldom to matter.
  if (last < 0) return false;
  return !mayBeSpecial(key, before, last, at);
}

/** Whether a record has or may have an address of this machine or its network: see `rebindingProtection`. */
function mayHaveLocalAddress(bytes: Uint8Array, { ttlOffsets }: MessageLayout): boolean {
  for (const ttlAt of ttlOffsets) {
    switch (((bytes[ttlAt - 4] as number) << 8) | (bytes[ttlAt - 3] as number)) {
      case Type.A:
      case Type.AAAA: {
        const rdata = ttlAt + 6;
        const length = ((bytes[ttlAt + 4] as number) << 8) | (bytes[ttlAt + 5] as number);
        if (isLocalClass(ipClass(bytes.subarray(rdata, rdata + length)))) return true;
        break;
      }
      case Type.HTTPS:
      case Type.SVCB:
        return true;
    }
  }
  return false;
}
