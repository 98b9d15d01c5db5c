import type { Name } from '../../../dns/name.ts';
import type { ResourceRecord } from '../../../dns/record.ts';

/** One way to make a zone smaller, and what it does to the records. */
export interface Shrinking {
  /** Of two ways of the same aim only one is of use. */
  readonly aim: 'dkim' | 'unused' | 'wildcard' | 'names' | 'key';
  /** What to do and why, one or two sentences. */
  readonly text: string;
  readonly records: readonly ResourceRecord[];
}

/** What finds such a way in the zone at `apex`; undefined when there is nothing to be done. */
export type Shrinker = (records: readonly ResourceRecord[], apex: Name) => Shrinking | undefined;
