import { Name } from '../dns/name.ts';
import { WireError } from '../dns/wire-error.ts';
import type { AnswerRecords } from './answer-records.ts';
import { ForgottenNames } from './forgotten-names.ts';
import { namesOfReply } from './reply-names.ts';

/**
 * Events that invalidate many answers at once (a newer packet of a key, a change of the network). Each takes constant time: it
 * begins a new generation of the cache, and an answer of an older generation is checked when it is next found.
 */
export class Invalidations {
  readonly #now: () => number;
  readonly #isOrdinary: (name: Name) => boolean;
  #generation = 0;
  readonly #forgotten = new ForgottenNames();
  /** The generations in which failures were last forgotten and answers of upstreams last expired, and the time of that. */
  #failuresForgotten = 0;
  #upstreamsExpired = 0;
  #upstreamsExpiredAt = 0;

  /** `isOrdinary` says whether answers for a name come from upstreams. */
  constructor(now: () => number, isOrdinary: (name: Name) => boolean) {
    this.#now = now;
    this.#isOrdinary = isOrdinary;
  }

  /** Rises with each event. */
  get generation(): number {
    return this.#generation;
  }

  /** Failures, and that refreshes failed, are outdated. */
  forgetFailures(): void {
    this.#failuresForgotten = ++this.#generation;
  }

  /** Answers for ordinary names are stale. */
  expireOrdinary(): void {
    this.#upstreamsExpired = ++this.#generation;
    this.#upstreamsExpiredAt = Math.floor(this.#now());
  }

  /** Answers for names at and below `name` are outdated. */
  forget(name: Name): void {
    this.#forgotten.add(name.key, ++this.#generation);
  }

  /** Whether a name, or one above it, was forgotten after generation `begun`. It is a `Name.key`. */
  isForgotten(nameKey: string, begun: number): boolean {
    return this.#forgotten.covers(nameKey, begun);
  }

  /** Whether failures were forgotten after generation `begun`. */
  areFailuresForgotten(begun: number): boolean {
    return begun < this.#failuresForgotten;
  }

  /** Whether a name in an answer, which is in these octets, was forgotten after generation `begun`. */
  isMadeOfForgotten(bytes: Uint8Array, begun: number): boolean {
    if (this.#forgotten.isQuietSince(begun)) return false;
    try {
      return namesOfReply(bytes).some(({ key }) => this.#forgotten.covers(key, begun));
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      return true;
    }
  }

  /** Applies to a record what happened since its generation. @returns false when it is outdated. */
  catchUp(records: AnswerRecords, at: number): boolean {
    const since = records.generation(at);
    if (since === this.#generation) return true;
    if (!this.#forgotten.isQuietSince(since) && this.#forgotten.covers(records.nameKey(at), since))
      return false;
    if (since < this.#failuresForgotten) {
      if (records.failures(at) > 0) return false;
      records.setRetryAt(at, 0);
    }
    if (since < this.#upstreamsExpired && this.#isOrdinary(Name.fromKey(records.nameKey(at))))
      records.expireAt(at, this.#upstreamsExpiredAt);
    records.setGeneration(at, this.#generation);
    return true;
  }
}
