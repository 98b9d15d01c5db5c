/** Names that are remembered as forgotten: half a megabyte or so. */
const MAX_NAMES = 4096;

/**
 * The names whose answers are out of date, and since when, so that to forget a name costs the same however much the cache
 * holds: an answer is compared with them when it is looked at next. "When" is a generation, a number that rises with
 * each event that makes answers out of date. A name is its `Name.key`: lower-case wire form.
 */
export class ForgottenNames {
  /** The generation in which each was forgotten, the oldest first. */
  readonly #generations = new Map<string, number>();
  #newest = 0;
  /** Of what was made before this generation it is no longer known whether it was forgotten. */
  #knownSince = 0;

  /** The answers for names at and below `nameKey` are out of date, if they were made before `generation`. */
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

  /** True when nothing was forgotten since the generation `made`. */
  isQuietSince(made: number): boolean {
    return made >= this.#newest;
  }

  /**
   * Whether what was made of `nameKey` in the generation `made` is out of date. True too when that is no longer known.
   * Looks at each label of the name, at most 127.
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
