import type { ExtendedError } from '../dns/extended-error.ts';
import type { PackedReply } from './packed-reply.ts';

/** What an entry costs beyond its octets: the entry, its strings, its place in the map; measured, rounded up. */
const ENTRY_OVERHEAD = 400;

/** The same for one extended error: the object, its string, its place in the list. */
const ERROR_OVERHEAD = 80;

/** How an entry is kept. */
export interface EntryTerms {
  /** Milliseconds of the cache's clock. */
  readonly now: number;
  /** Seconds. */
  readonly lifetime: number;
  /** Failures in a row to find this answer, this one included; 0 for an answer. */
  readonly failures: number;
  /** Of the cache, when what it holds was begun. */
  readonly generation: number;
}

/**
 * A reply as the cache holds it. The octets stand in a string, one in each character: that costs 16 octets beside
 * them, and an array of octets costs over 200, which most answers do not have themselves. Times are whole milliseconds
 * of the cache's clock, since V8 keeps whole numbers in place and every other in an object.
 */
export class AnswerEntry {
  /** `PackedReply.bytes`, one octet in each character. */
  readonly octets: string;
  /** From here on it is stale. */
  expiresAt: number;
  readonly storedAt: number;
  readonly questionEnd: number;
  /** What its key says beside the question: `KEY_DO` and `KEY_CD`. */
  readonly keyFlags: number;
  /** As in `EntryTerms`. */
  readonly failures: number;
  /** It was said that it is time to ask again; a failure is not asked again ahead of its end. */
  refreshSaid: boolean;
  /** How often it was asked for. */
  asked = 1;
  /** The slot of its copy in the first-level cache, which another may have taken since, and under which hash; -1 for none. */
  slot = -1;
  hash = 0;
  /** `PackedReply.ttlOffsets`, one in each character: an offset is under 65,536, as a character is. */
  readonly ttlOffsets: string;
  readonly extendedErrors: readonly ExtendedError[];
  readonly authenticData: boolean;
  readonly rcode: number;
  /** Until then a stale entry is served without asking again. */
  retryAt = 0;
  /** The generation of the cache up to which it is known to be up to date. */
  generation: number;

  /** Keeps `reply` under `key`. */
  constructor(key: string, reply: PackedReply, { now, lifetime, failures, generation }: EntryTerms) {
    const { buffer, byteOffset, length } = reply.bytes;
    this.octets = Buffer.from(buffer, byteOffset, length).toString('latin1');
    // Rounded down: a TTL that is a moment short is true, one that is a moment long is not.
    this.storedAt = Math.floor(now);
    this.expiresAt = this.storedAt + lifetime * 1000;
    this.questionEnd = reply.questionEnd;
    this.keyFlags = key.charCodeAt(key.length - 1);
    this.failures = failures;
    this.refreshSaid = failures > 0;
    this.ttlOffsets = String.fromCharCode(...reply.ttlOffsets);
    this.extendedErrors = reply.extendedErrors.length === 0 ? none : reply.extendedErrors;
    this.authenticData = reply.authenticData;
    this.rcode = reply.rcode;
    this.generation = generation;
  }

  /** Octets of the reply. */
  get length(): number {
    return this.octets.length;
  }

  /** Estimated octets of memory that it takes under `key`, which a bound must not be below. */
  sizeWith(key: string): number {
    // A character of a text takes two octets as soon as one of the text has no place in Latin-1; so do large offsets.
    const errors = this.extendedErrors.reduce((sum, { text }) => sum + ERROR_OVERHEAD + 2 * text.length, 0);
    return ENTRY_OVERHEAD + key.length + this.octets.length + 2 * this.ttlOffsets.length + errors;
  }

  /** Whole seconds since it was stored, rounded up. */
  age(now: number): number {
    return Math.ceil((now - this.storedAt) / 1000);
  }

  /** Whether it may be used as it is. */
  isFresh(now: number): boolean {
    return now < this.expiresAt;
  }

  /** The reply as it was given, with the lifetime for which it is kept. */
  unpack(): PackedReply {
    const { questionEnd, rcode, authenticData, extendedErrors } = this;
    const bytes = Buffer.from(this.octets, 'latin1');
    const ttlOffsets = Array.from(this.ttlOffsets, (offset) => offset.charCodeAt(0));
    const lifetime = (this.expiresAt - this.storedAt) / 1000;
    return { bytes, ttlOffsets, questionEnd, rcode, authenticData, extendedErrors, lifetime };
  }
}

const none: readonly ExtendedError[] = [];
