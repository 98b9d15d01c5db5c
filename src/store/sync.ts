import { throwLater } from '../async/throw-later.ts';
import type { Held } from './contents.ts';
import type { KeyId } from './log-format.ts';

/** What a sync works with. */
export interface StoreSyncParts {
  /** Whether the file is abandoned: what was written to it since the last sync may be lost. */
  readonly isGivenUp: () => boolean;
  /** Syncs the file. Rejects with the system's error. */
  readonly sync: () => Promise<void>;
  readonly succeeded: () => void;
  /** Told of the packets that may not be on the disk, and why. */
  readonly failed: (lost: ReadonlyMap<KeyId, Held>, error?: unknown) => void;
}

/**
 * Syncs what was written. One sync runs at a time: of two, the system might report a failure to the one whose bytes were not
 * lost.
 */
export class StoreSync {
  readonly #parts: StoreSyncParts;
  #unsynced = new Map<KeyId, Held>();
  #last: Promise<unknown> = Promise.resolve();
  #isBehind = false;

  constructor(parts: StoreSyncParts) {
    this.#parts = parts;
  }

  /** Records what was written and may not be on the disk. */
  note(newer: ReadonlyMap<KeyId, Held>): void {
    for (const [keyId, held] of newer) this.#unsynced.set(keyId, held);
  }

  /** Syncs all that was written. @returns whether it is on the disk */
  now(): Promise<boolean> {
    const work = this.#last.then(() => this.#sync());
    this.#last = work;
    return work;
  }

  /** Does the same in the background: on a busy disk a sync takes long, and a write does not. */
  behind(): void {
    if (this.#isBehind) return;
    this.#isBehind = true;
    this.now().then(() => {
      this.#isBehind = false;
      if (this.#unsynced.size > 0) this.behind();
    }, throwLater);
  }

  /** Resolves when no sync runs. */
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
