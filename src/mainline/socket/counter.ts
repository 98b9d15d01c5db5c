/** Counts events by kind. */
export class Counter<Kind extends string> {
  readonly #counts = new Map<Kind, number>();

  /** Counts one event. */
  add(kind: Kind): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
  }

  /** The count of one kind. */
  of(kind: Kind): number {
    return this.#counts.get(kind) ?? 0;
  }

  /** A copy of all counts that are not 0. */
  snapshot(): Record<string, number> {
    return Object.fromEntries(this.#counts);
  }
}
