import type { UpstreamSet } from '../../forward/forwarder.ts';
import { specToText } from '../../forward/spec/upstream-spec.ts';

/** How a new set of upstreams differs from the previous one. */
export type UpstreamChange =
  /** The same in the same order. */
  | 'none'
  /** The same in another order, or none at all: earlier answers are still valid. */
  | 'order'
  /** Other upstreams, which may give other answers. */
  | 'others';

/** The current upstreams, and how the next ones differ. */
export class CurrentUpstreams {
  #set: UpstreamSet;
  /** The last set that was not empty: without a network there is none for a while, and then often the same again. */
  #asked: string;
  #routes: string;

  constructor(set: UpstreamSet) {
    this.#set = set;
    this.#asked = namesOf(set).sort().join(' ');
    this.#routes = routesOf(set);
  }

  get set(): UpstreamSet {
    return this.#set;
  }

  /** Replaces the set. */
  replace(set: UpstreamSet): UpstreamChange {
    const [before, now] = [namesOf(this.#set), namesOf(set)];
    this.#set = set;
    const routes = routesOf(set);
    const hasOtherRoutes = routes !== this.#routes;
    this.#routes = routes;
    if (hasOtherRoutes) {
      if (set.upstreams.length > 0) this.#asked = now.sort().join(' ');
      return 'others';
    }
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

/** The routes as text, in order. */
function routesOf({ routes }: UpstreamSet): string {
  return routes
    .map(
      ({ domains, upstream }) =>
        `${domains.join(' ')} ${upstream === 'default' ? upstream : specToText(upstream)}`,
    )
    .join('\n');
}
