import { throwLater } from '../async/throw-later.ts';
import type { Held } from './contents.ts';
import type { KeyId } from './log-format.ts';

/** Milliseconds that what was written may wait for a sync that nobody waits for. */
const BEHIND = 100;

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
  /** Runs while something waits for a sync in the background. */
  #behind: NodeJS.Timeout | undefined;

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

  /**
   * Does the same in the background, for all that is written in a moment: on a busy disk a sync takes long, and a write does not.
   */
  behind(): void {
    if (this.#behind === undefined) this.#behind = setTimeout(() => this.#syncBehind(), BEHIND);
  }

  /** Syncs what waits for that, and resolves when no sync runs. */
  async settled(): Promise<void> {
    if (this.#behind !== undefined) this.#syncBehind();
    for (let last: unknown; last !== this.#last; ) {
      last = this.#last;
      await this.#last;
    }
  }

  #syncBehind(): void {
    clearTimeout(this.#behind);
    this.#behind = undefined;
    this.now().catch(throwLater);
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
