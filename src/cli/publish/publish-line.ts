import { nodeStep } from '../../find/dht-source.ts';
import type { PutEvent } from '../../mainline/dht-node.ts';
import type { PublishObserver } from '../../publish/publish.ts';
import { stopwatch } from '../living-line.ts';
import { LookupSeen } from '../lookup-line.ts';

/** What was seen of a publication so far, for people who wait for its end. */
export class PublishSeen implements PublishObserver {
  /** Of the lookup that the DHT does for a put. */
  #nodes = new LookupSeen();
  #current = new LookupSeen();
  /** Nodes that the packet is sent to; undefined before that. */
  #sent: number | undefined;
  #kept = 0;
  readonly #relays = new Map<string, string>();
  #isPutting = false;

  readonly lookup: PublishObserver['lookup'] = (step) => {
    // A forced publication begins again when a newer packet appeared.
    if (this.#isPutting) this.#current = new LookupSeen();
    this.#isPutting = false;
    this.#current.take(step);
  };

  readonly node = (event: PutEvent): void => {
    this.#beginPut();
    if (event.kind === 'sent') this.#sent = event.nodes;
    else if (event.kind !== 'put') this.#nodes.take(nodeStep(event));
    else if (event.outcome === 'kept') this.#kept++;
  };

  readonly relay: PublishObserver['relay'] = ({ label, outcome }) => {
    this.#beginPut();
    this.#relays.set(label, relayWords[outcome]);
  };

  /** `Publishing: stored on 12 of 20; relay example.org stored it`. */
  text(): string {
    if (!this.#isPutting) {
      const seen = this.#current.text();
      return `Looking for the current packet${seen === '' ? ' …' : `: ${seen}`}`;
    }
    const found = this.#nodes.text();
    const ofNodes = this.#sent === undefined ? found : `stored on ${this.#kept} of ${this.#sent}`;
    const ofRelays = [...this.#relays].map(([label, word]) => `relay ${label} ${word}`);
    const all = [...(ofNodes === '' ? [] : [ofNodes]), ...ofRelays].join('; ');
    return `Publishing${all === '' ? ' …' : `: ${all}`}`;
  }

  #beginPut(): void {
    if (this.#isPutting) return;
    this.#isPutting = true;
    this.#nodes = new LookupSeen();
    this.#sent = undefined;
    this.#kept = 0;
    this.#relays.clear();
  }
}

const relayWords = {
  asked: 'asked',
  stored: 'stored it',
  conflict: 'has a newer one',
  rejected: 'refused it',
  failed: 'failed',
} as const;

/** The text of a living line about it, from now on. */
export function publishText(seen: PublishSeen): () => string {
  const since = stopwatch();
  return () => `${seen.text()}, ${since()}`;
}
