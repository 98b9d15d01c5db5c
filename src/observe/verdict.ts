/** How the program does, as a person would be told. There is no name of a query in it, and none of a publication. */
export interface Verdict {
  /** `good`: all works. `fair`: it works, and something should be looked at. `bad`: some names are not answered. */
  readonly level: 'good' | 'fair' | 'bad';
  /** The worst thing, as a sentence; when nothing is wrong, that. */
  readonly sentence: string;
  /** What else there is, a sentence each, the worst first. */
  readonly notes: readonly string[];
}
