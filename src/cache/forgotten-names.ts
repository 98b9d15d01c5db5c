/** Maximum number of names; about half a megabyte. */
const MAX_NAMES = 4096;

/**
 * The names whose answers are outdated, and since which generation of the cache. Forgetting a name takes constant time: an
 * entry is compared with these names when it is next found. A name is its `Name.key`: lower-case wire form.
 */
export class ForgottenNames {
  /** The generation in which each name was forgotten, oldest first. */
  readonly #generations = new Map<string, number>();
  #newest = 0;
  /** For answers of older generations it is no longer known which names were forgotten since. */
  #knownSince = 0;

  /** Answers for names at and below `nameKey` that are older than `generation` are outdated. */
  add(nameKey: string, generation: number): void {
    this.#generations.delete(nameKey);
    this.#generations.set(nameKey, generation);
    this.#newest = generation;
    if (this.#generations.size <= MAX_NAMES) return;
    for (const [oldest, forgottenIn] of this.#generations) {
      this.#generations.delete(oldest);
      this.#knownSince = forgottenIn;
      break;
    }
  }

  /** True when no name was forgotten after generation `made`. */
  isQuietSince(made: number): boolean {
    return made >= this.#newest;
  }

  /**
   * Whether `nameKey`, or a name above it, was forgotten after generation `made`; also true when that is no longer known.
   * One look-up for each label, at most 127.
   */
  covers(nameKey: string, made: number): boolean {
    if (this.isQuietSince(made)) return false;
    if (made < this.#knownSince) return true;
    for (let at = 0; at < nameKey.length; at += nameKey.charCodeAt(at) + 1) {
      const forgottenIn = this.#generations.get(nameKey.slice(at));
      if (forgottenIn !== undefined && forgottenIn > made) return true;
    }
    return false;
  }
}
