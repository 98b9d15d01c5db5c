import { EventQueue } from '../../async/event-queue.ts';
import { targetOf } from '../../bep44/target.ts';
import type { VerifiedItem } from '../../bep44/verified-item.ts';
import type { LookupEvent, LookupOptions, LookupSummary, NodeAddress } from '../dht-node.ts';
import type { AskOutcome } from '../socket/krpc-socket.ts';
import { ItemScreen } from './item-screen.ts';
import type { Network } from './network.ts';
import { askedEvent, nodeEvent } from './node-events.ts';

/**
 * One lookup: see DhtNode.lookup. `key` has 32 bytes. At most 256 nodes are asked, with one event each, so a lookup whose
 * events are not read holds at most 256 items of 1.2 kB. One that is watched has twice as many events, most of them small; one
 * that is brief has an event for each distinct item.
 */
export async function* lookup(
  network: Network,
  key: Uint8Array,
  options: LookupOptions,
): AsyncGenerator<LookupEvent, void, undefined> {
  const { seq, signal, isWatched = false, isBrief = false } = options;
  signal.throwIfAborted();
  const events = new EventQueue<LookupEvent>();
  const tally = new Tally(key);
  const target = targetOf(key);
  const told = new Set<VerifiedItem>();
  const isNews = (event: LookupEvent) => {
    if (!isBrief) return true;
    if (event.kind !== 'item' || told.has(event.item)) return false;
    told.add(event.item);
    return true;
  };
  const traversal = network.get(target, seq, {
    ...(isWatched && { onAsked: (node) => events.push(askedEvent(node, target)) }),
    onOutcome: (from, outcome) => {
      const event = tally.add(from, outcome);
      if (isWatched) events.push(nodeEvent(from, outcome, target, event));
      if (event !== undefined && isNews(event)) events.push(event);
      return event?.kind === 'item';
    },
    onEnd: (ended) => {
      const networkNodes = network.estimatedNodes(target);
      const summary = tally.summary(traversal.asked, ended);
      events.push({
        kind: 'done',
        summary: { ...summary, ...(networkNodes !== undefined && { networkNodes }) },
      });
      events.end();
    },
  });
  const onAbort = () => {
    traversal.stop();
    events.fail(signal.reason);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    yield* events.values();
  } finally {
    signal.removeEventListener('abort', onAbort);
    traversal.stop();
  }
}

/** The address alone, which can be sent to another thread. */
function addressOf({ host, port }: NodeAddress): NodeAddress {
  return { host, port };
}

/** Counts the answers. */
class Tally {
  readonly #screen: ItemScreen;
  readonly #counts = { held: 0, confirmed: 0, noValue: 0, invalid: 0, refused: 0 };

  constructor(key: Uint8Array) {
    this.#screen = new ItemScreen(key);
  }

  /** Counts one outcome, and returns its event if it has one. */
  add(from: NodeAddress, outcome: AskOutcome): LookupEvent | undefined {
    if (outcome.kind === 'refused' || outcome.kind === 'malformed') this.#counts.refused++;
    if (outcome.kind !== 'reply') return undefined;
    const { stored } = outcome.reply;
    if (stored.kind === 'seq') {
      this.#counts.confirmed++;
      return { kind: 'confirmation', seq: stored.seq, from: addressOf(from) };
    }
    if (stored.kind === 'nothing') {
      this.#counts.noValue++;
      return undefined;
    }
    const item = stored.kind === 'mutable' ? this.#screen.screen(stored) : undefined;
    if (item === undefined) {
      this.#counts.invalid++;
      return undefined;
    }
    this.#counts.held++;
    return { kind: 'item', item, from: addressOf(from) };
  }

  summary(asked: number, ended: LookupSummary['ended']): LookupSummary {
    const { held, confirmed, noValue, invalid, refused } = this.#counts;
    const answered = held + confirmed + noValue + invalid;
    return { asked, answered, ...this.#counts, silent: asked - answered - refused, ended };
  }
}
