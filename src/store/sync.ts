import { throwLater } from '../async/throw-later.ts';
import type { Held } from './contents.ts';
import type { KeyId } from './log-format.ts';

/** What a sync works with. */
export interface StoreSyncParts {
  /** Whether the file is given up: what was written to it since the last sync may be lost. */
  readonly isGivenUp: () => boolean;
  /** Brings the file to the disk. Rejects with the system's error. */
  readonly sync: () => Promise<void>;
  readonly succeeded: () => void;
  /** Told of the packets that may not be on the disk, and why. */
  readonly failed: (lost: ReadonlyMap<KeyId, Held>, error?: unknown) => void;
}

/**
 * Brings what was written to the disk. One sync runs at a time: of two, the system might tell the failure to the one
 * whose octets were not lost.
 */
export class StoreSync {
  readonly #parts: StoreSyncParts;
  #unsynced = new Map<KeyId, Held>();
  #last: Promise<unknown> = Promise.resolve();
  #isBehind = false;

  constructor(parts: StoreSyncParts) {
    this.#parts = parts;
  }

  /** Notes what was written, and is not known to be on the disk. */
  note(newer: ReadonlyMap<KeyId, Held>): void {
    for (const [keyId, held] of newer) this.#unsynced.set(keyId, held);
  }

  /** Brings all that was written to the disk. @returns whether it is there. */
  now(): Promise<boolean> {
    const work = this.#last.then(() => this.#sync());
    this.#last = work;
    return work;
  }

  /** Does the same behind whatever is written next: on a busy disk a sync takes long, and writing does not. */
  behind(): void {
    if (this.#isBehind) return;
    this.#isBehind = true;
    this.now().then(() => {
      this.#isBehind = false;
      if (this.#unsynced.size > 0) this.behind();
    }, throwLater);
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    for (let last: unknown; last !== this.#last; ) {
      last = this.#last;
      await this.#last;
    }
  }

  /** Never rejects. */
  async #sync(): Promise<boolean> {
    const covered = this.#unsynced;
    this.#unsynced = new Map();
    if (this.#parts.isGivenUp()) {
      this.#parts.failed(covered);
      return false;
    }
    try {
      await this.#parts.sync();
      this.#parts.succeeded();
      return true;
    } catch (error) {
      this.#parts.failed(covered, error);
      return false;
    }
  }
}
