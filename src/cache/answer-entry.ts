import type { ExtendedError } from '../dns/extended-error.ts';
import type { PackedReply } from './packed-reply.ts';

/** Octets of an entry beyond those of the reply and key: objects, strings, the slot of the map; measured, rounded up. */
const ENTRY_OVERHEAD = 400;

/** The same for one extended error. */
const ERROR_OVERHEAD = 80;

/** How an entry is cached. */
export interface EntryTerms {
  /** Milliseconds of the cache's clock. */
  readonly now: number;
  /** Seconds. */
  readonly lifetime: number;
  /** Failures in a row to find this answer, this one included; 0 for an answer. */
  readonly failures: number;
  /** The generation of the cache when the answer was begun. */
  readonly generation: number;
}

/**
 * A cached reply. The octets are in a string, one in each character: a string has 16 octets of overhead, a typed array over
 * 200, which is more than most answers. Times are whole milliseconds of the cache's clock, since V8 stores integers inline
 * and other numbers as objects.
 */
export class AnswerEntry {
  /** `PackedReply.bytes`, one octet in each character. */
  readonly octets: string;
  /** From this time it is stale. */
  expiresAt: number;
  readonly storedAt: number;
  readonly questionEnd: number;
  /** `KEY_DO` and `KEY_CD` of its key. */
  readonly keyFlags: number;
  /** As in `EntryTerms`. */
  readonly failures: number;
  /** `fresh-refresh-ahead` was said; a failure is never refreshed ahead. */
  refreshSaid: boolean;
  /** How often it was asked for. */
  asked = 1;
  /** The first-level slot of its copy and the hash; -1 for none. Another answer may have taken the slot since. */
  slot = -1;
  hash = 0;
  /** `PackedReply.ttlOffsets`, one in each character. */
  readonly ttlOffsets: string;
  readonly extendedErrors: readonly ExtendedError[];
  readonly authenticData: boolean;
  readonly rcode: number;
  /** Until this time a stale entry is served without a refresh. */
  retryAt = 0;
  /** The generation of the cache in which it was last checked. */
  generation: number;

  /** The entry for `key`. */
  constructor(key: string, reply: PackedReply, { now, lifetime, failures, generation }: EntryTerms) {
    const { buffer, byteOffset, length } = reply.bytes;
    this.octets = Buffer.from(buffer, byteOffset, length).toString('latin1');
    // Rounded down: a TTL may be told too short, never too long.
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

  /** Estimated octets of memory, key included; never fewer than it really takes. */
  sizeWith(key: string): number {
    // A string takes two octets for each character as soon as one of them is not Latin-1.
    const errors = this.extendedErrors.reduce((sum, { text }) => sum + ERROR_OVERHEAD + 2 * text.length, 0);
    return ENTRY_OVERHEAD + key.length + this.octets.length + 2 * this.ttlOffsets.length + errors;
  }

  /** Whole seconds since it was stored, rounded up. */
  age(now: number): number {
    return Math.ceil((now - this.storedAt) / 1000);
  }

  /** Whether it has not expired. */
  isFresh(now: number): boolean {
    return now < this.expiresAt;
  }

  /** The reply as it was cached, with its whole lifetime. */
  unpack(): PackedReply {
    const { questionEnd, rcode, authenticData, extendedErrors } = this;
    const bytes = Buffer.from(this.octets, 'latin1');
    const ttlOffsets = Array.from(this.ttlOffsets, (offset) => offset.charCodeAt(0));
    const lifetime = (this.expiresAt - this.storedAt) / 1000;
    return { bytes, ttlOffsets, questionEnd, rcode, authenticData, extendedErrors, lifetime };
  }
}

const none: readonly ExtendedError[] = [];
