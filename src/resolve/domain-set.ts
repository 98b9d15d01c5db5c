import type { Name } from '../dns/name.ts';

/** Domains, asked whether a name is one of them or stands below one. */
export class DomainSet {
  readonly #keys: ReadonlySet<string>;

  constructor(domains: readonly Name[]) {
    this.#keys = new Set(domains.map(({ key }) => key));
  }

  /** At most one step for each label of `name`. */
  covers(name: Name): boolean {
    if (this.#keys.size === 0) return false;
    for (let count = name.labels.length; count >= 0; count--) {
      if (this.#keys.has(name.ancestor(count).key)) return true;
    }
    return false;
  }
}
