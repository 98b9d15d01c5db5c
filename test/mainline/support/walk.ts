import type { VerifiedItem } from '../../../src/bep44/verified-item.ts';
import type { DhtNode, LookupEvent, LookupSummary } from '../../../src/mainline/dht-node.ts';
import { never } from './items.ts';

/** What a whole lookup said. */
export interface WholeLookup {
  readonly items: readonly VerifiedItem[];
  readonly confirmed: readonly bigint[];
  readonly summary: LookupSummary;
}

/** Runs a lookup to its end. */
export async function lookUp(
  node: DhtNode,
  key: Uint8Array,
  seq?: bigint,
  { isBrief = false }: { readonly isBrief?: boolean } = {},
): Promise<WholeLookup> {
  const items: VerifiedItem[] = [];
  const confirmed: bigint[] = [];
  const options = { isBrief, signal: never(), ...(seq !== undefined && { seq }) };
  for await (const event of node.lookup(key, options)) {
    if (event.kind === 'item') items.push(event.item);
    else if (event.kind === 'confirmation') confirmed.push(event.seq);
    else if (event.kind === 'done') return { items, confirmed, summary: event.summary };
  }
  throw new Error('the lookup ended without a summary');
}

/** The first event of a kind, after which the loop is left. */
export async function firstEvent(
  node: DhtNode,
  key: Uint8Array,
  kind: LookupEvent['kind'],
): Promise<LookupEvent | undefined> {
  for await (const event of node.lookup(key, { signal: never() })) if (event.kind === kind) return event;
  return undefined;
}
