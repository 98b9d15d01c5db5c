import type { Nearness, NodeFinding } from '../mainline/dht-node.ts';
import type { Timestamp } from '../pkarr/timestamp.ts';

/** One step of a lookup that somebody watches: whom we asked, and what came of it. */
export type LookupStep =
  | { readonly of: 'node'; readonly address: string; readonly found: NodeFinding }
  | { readonly of: 'relay'; readonly label: string; readonly found: RelayFinding };

/** What came of asking a relay; `text` is a clause for people. */
export type RelayFinding =
  | { readonly outcome: 'item'; readonly seq: Timestamp }
  | { readonly outcome: 'seq' | 'nothing' | 'invalid' }
  | { readonly outcome: 'failed'; readonly text: string };

/** Is told each step. */
export type LookupObserver = (step: LookupStep) => void;

/** What a source tells while it looks: besides the steps, that somebody is asked, and how large the network is. */
export type SourceStep =
  | LookupStep
  /** `near` is absent for an address whose id is not known. */
  | { readonly of: 'node-asked'; readonly address: string; readonly near?: Nearness }
  | { readonly of: 'relay-asked'; readonly label: string }
  /** About how many nodes the DHT has. */
  | { readonly of: 'network'; readonly nodes: number };

/** Is told all of it. */
export type SourceObserver = (step: SourceStep) => void;

/** Steps that are kept for who joins later: a traversal asks 256 nodes at most, and a person names a few relays. */
const MAX_STEPS = 300;

/** The steps of one lookup, for everybody who watches it: whoever comes later is told the steps so far. */
export class LookupSteps {
  readonly #steps: LookupStep[] = [];
  readonly #observers = new Set<LookupObserver>();

  /** Tells a step to those who watch: what came of asking somebody. Beyond the bound it is not told. */
  readonly tell: SourceObserver = (step) => {
    if (step.of !== 'node' && step.of !== 'relay') return;
    if (this.#steps.length >= MAX_STEPS) return;
    this.#steps.push(step);
    for (const observe of this.#observers) observe(step);
  };

  /** The steps so far. */
  get all(): readonly LookupStep[] {
    return this.#steps;
  }

  /** Tells the steps so far, and each that follows. @returns a function that ends it. */
  follow(observe: LookupObserver): () => void {
    for (const step of this.#steps) observe(step);
    this.#observers.add(observe);
    return () => this.#observers.delete(observe);
  }
}
