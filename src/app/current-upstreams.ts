import type { UpstreamSet } from '../forward/forwarder.ts';
import { specToText } from '../forward/spec/upstream-spec.ts';

/** What a new set of upstreams is to the one before. */
export type UpstreamChange =
  /** The same in the same order. */
  | 'none'
  /** The same in another order, or none at all: what was said before still holds. */
  | 'order'
  /** Others are asked, who may give other answers. */
  | 'others';

/** The upstreams of this moment, and whether those that come are others. */
export class CurrentUpstreams {
  #set: UpstreamSet;
  /** Who was asked last, when anybody was: without a network there is nobody for a while, and then often the same again. */
  #asked: string;

  constructor(set: UpstreamSet) {
    this.#set = set;
    this.#asked = namesOf(set).sort().join(' ');
  }

  get set(): UpstreamSet {
    return this.#set;
  }

  /** Takes a set in place of the one before. */
  replace(set: UpstreamSet): UpstreamChange {
    const [before, now] = [namesOf(this.#set), namesOf(set)];
    this.#set = set;
    if (before.join(' ') === now.join(' ')) return 'none';
    const asked = now.sort().join(' ');
    if (set.upstreams.length === 0 || asked === this.#asked) return 'order';
    const isFirst = this.#asked === '';
    this.#asked = asked;
    return isFirst ? 'order' : 'others';
  }
}

function namesOf({ upstreams }: UpstreamSet): string[] {
  return upstreams.map((spec) => specToText(spec));
}
