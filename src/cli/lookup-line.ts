import type { SourceStep } from '../find/lookup-step.ts';
import type { Observed } from '../find/packet-source.ts';
import { stopwatch } from './living-line.ts';

/** What was seen of a lookup so far, for people who wait for its end. */
export class LookupSeen {
  #asked = 0;
  #answered = 0;
  #empty = 0;
  /** Nodes and relays by the timestamp of what they hold. */
  readonly #holders = new Map<bigint, number>();
  /** Leading bits that the nearest node shares with the target, of those that could not choose how near they are. */
  #nearest = -1;
  readonly #relays = new Map<string, string>();

  /** The same in numbers of nodes and relays, as the end of a lookup has them. */
  get observed(): Observed {
    const said = [...this.#relays.values()];
    const silent = said.filter((word) => word === ASKED || word === relayWords.failed).length;
    const empty = said.filter((word) => word === relayWords.nothing).length;
    return {
      asked: this.#asked + said.length,
      answered: this.#answered + said.length - silent,
      empty: this.#empty + empty,
      notNewer: 0,
    };
  }

  /** Takes the next step. */
  readonly take = (step: SourceStep): void => {
    if (step.of === 'node-asked') this.#asked++;
    else if (step.of === 'relay-asked') this.#relays.set(step.label, ASKED);
    else if (step.of === 'node') this.#takeNode(step.found);
    else if (step.of === 'relay') {
      this.#relays.set(step.label, relayWords[step.found.outcome]);
      if (step.found.outcome === 'item') this.#hold(step.found.seq);
    }
  };

  /** `asked 18, answered 12, 4 hold it, nearest 2^-17; relay example.org asked`. Empty while nobody was asked. */
  text(): string {
    const held = [...this.#holders].reduce((newest, one) => (one[0] > newest[0] ? one : newest), [-1n, 0]);
    const [, holders] = held;
    const ofNodes = [
      `asked ${this.#asked}, answered ${this.#answered}`,
      ...(holders > 0 ? [`${holders} ${holders === 1 ? 'holds' : 'hold'} it`] : []),
      ...(this.#nearest >= 0 ? [`nearest 2^-${this.#nearest}`] : []),
    ].join(', ');
    const ofRelays = [...this.#relays].map(([label, word]) => `relay ${label} ${word}`);
    return [...(this.#asked > 0 ? [ofNodes] : []), ...ofRelays].join('; ');
  }

  #takeNode({ outcome, seq, near }: Extract<SourceStep, { readonly of: 'node' }>['found']): void {
    if (outcome === 'silent' || outcome === 'refused') return;
    this.#answered++;
    if (outcome === 'nothing') this.#empty++;
    if (outcome === 'item' && seq !== undefined) this.#hold(seq);
    if (near?.isSecure === true) this.#nearest = Math.max(this.#nearest, near.sharedBits);
  }

  #hold(timestamp: bigint): void {
    this.#holders.set(timestamp, (this.#holders.get(timestamp) ?? 0) + 1);
  }
}

const ASKED = 'asked';
const relayWords = {
  item: 'has it',
  seq: 'has it',
  nothing: 'has nothing',
  invalid: 'has something invalid',
  failed: 'failed',
} as const;

/** The text of a living line about some lookups: `Looking it up: asked 18, …, 0.8 s`, from now on. */
export function lookupText(what: string, seen: LookupSeen): () => string {
  const since = stopwatch();
  return () => {
    const text = seen.text();
    return text === '' ? `${what} …, ${since()}` : `${what}: ${text}, ${since()}`;
  };
}
