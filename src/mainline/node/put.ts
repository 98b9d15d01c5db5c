import { targetOf } from '../../bep44/target.ts';
import type { VerifiedItem } from '../../bep44/verified-item.ts';
import type { LookupEvent, NodeAddress, PutEvent, PutOptions, PutOutcome } from '../dht-node.ts';
import { Counter } from '../socket/counter.ts';
import type { AskOutcome } from '../socket/krpc-socket.ts';
import type { TokenHolder } from '../traversal/traversal.ts';
import { isSame } from '../wire/bytes.ts';
import type { Stored } from '../wire/krpc-message.ts';
import { ItemScreen } from './item-screen.ts';
import type { Network, TraversalEvents } from './network.ts';
import { askedEvent, nodeEvent } from './node-events.ts';

/** BEP 44: 301 "the CAS hash mismatched", 302 "sequence number less than current". */
const CAS_MISMATCH = 301;
const OLDER_SEQ = 302;

/** One put: see DhtNode.put. */
export async function put(network: Network, item: VerifiedItem, options: PutOptions): Promise<PutOutcome> {
  const { cas, observe, signal } = options;
  signal.throwIfAborted();
  const target = targetOf(item.key);
  const found = await findHolders(network, target, item, options);
  observe?.({ kind: 'sent', nodes: found.holders.length });
  const answers = await allSettled(found.holders, signal, (holder, settle) => {
    const args = {
      // Servers of Rust mainline require it; others ignore it.
      target,
      token: holder.token,
      k: item.key,
      seq: item.seq,
      sig: item.signature,
      v: item.value,
      // BEP 44: "When sending a put request to a node that did not return any data for the get, the cas field SHOULD NOT be
      // included."
      cas: found.seqAt.has(nameOf(holder)) ? cas : undefined,
    };
    return network.ask(holder, 'put', args, (outcome) => {
      const { host, port } = holder;
      observe?.({ kind: 'put', from: { host, port }, outcome: putOutcome(outcome, holder, found) });
      settle(outcome);
    });
  });
  return summarise(answers, found);
}

interface Found {
  /** See Traversal.tokenHolders. */
  readonly holders: readonly TokenHolder[];
  /** The sequence number that each node returned, by address. */
  readonly seqAt: ReadonlyMap<string, bigint>;
  /** Nodes that already have exactly this item, by address. */
  readonly sameAt: ReadonlySet<string>;
}

function findHolders(
  network: Network,
  target: Uint8Array,
  item: VerifiedItem,
  { observe, signal }: PutOptions,
): Promise<Found> {
  const screen = new ItemScreen(item.key);
  const seqAt = new Map<string, bigint>();
  const sameAt = new Set<string>();
  const note = (from: NodeAddress, stored: Stored): LookupEvent | undefined => {
    const held = stored.kind === 'mutable' ? screen.screen(stored) : undefined;
    if (held === undefined) return undefined;
    seqAt.set(nameOf(from), held.seq);
    if (held.seq === item.seq && isSame(held.value, item.value)) sameAt.add(nameOf(from));
    return { kind: 'item', item: held, from } as const;
  };
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      traversal.stop();
      reject(signal.reason);
    };
    const events: TraversalEvents = {
      ...(observe !== undefined && { onAsked: (node) => observe(askedEvent(node, target)) }),
      onOutcome: (from, outcome) => {
        const event = outcome.kind === 'reply' ? note(from, outcome.reply.stored) : undefined;
        observe?.(nodeEvent(from, outcome, target, event));
        return false;
      },
      onEnd: () => {
        signal.removeEventListener('abort', onAbort);
        resolve({ holders: traversal.tokenHolders(), seqAt, sameAt });
      },
    };
    const traversal = network.get(target, undefined, events, { keepsTokens: true });
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

/** Queries all at once and returns the outcomes in the same order. Cancels all when the signal aborts. */
function allSettled(
  holders: readonly TokenHolder[],
  signal: AbortSignal,
  ask: (holder: TokenHolder, settle: (outcome: AskOutcome) => void) => () => void,
): Promise<readonly AskOutcome[]> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const outcomes: AskOutcome[] = [];
    let open = holders.length;
    if (open === 0) return resolve(outcomes);
    const cancels = holders.map((holder, index) =>
      ask(holder, (outcome) => {
        outcomes[index] = outcome;
        if (--open > 0) return;
        signal.removeEventListener('abort', onAbort);
        resolve(outcomes);
      }),
    );
    const onAbort = () => {
      for (const cancel of cancels) cancel();
      reject(signal.reason);
    };
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

function summarise(outcomes: readonly AskOutcome[], { holders, seqAt, sameAt }: Found): PutOutcome {
  const refused = new Counter<string>();
  let [stored, alreadyHeld, silent, failed] = [0, 0, 0, 0];
  outcomes.forEach((outcome, index) => {
    const holder = holders[index];
    if (outcome.kind === 'reply') stored++;
    else if (outcome.kind === 'silent') silent++;
    else if (outcome.kind !== 'refused') failed++;
    else if (holder !== undefined && hadItAlready(outcome, holder, sameAt)) alreadyHeld++;
    else refused.add(String(outcome.code));
  });
  const conflicts = refused.of(String(CAS_MISMATCH)) + refused.of(String(OLDER_SEQ));
  const answered = outcomes.length - silent - failed;
  const newestSeq = largest(seqAt.values());
  return {
    asked: outcomes.length,
    stored,
    alreadyHeld,
    refused: refused.snapshot(),
    silent,
    failed,
    ...(newestSeq !== undefined && { newestSeq }),
    conflict: conflicts >= Math.floor(answered / 2) + 1,
  };
}

/** webtorrent answers 302 also to exactly the item that it has, which is not a conflict. */
function hadItAlready(outcome: AskOutcome, holder: NodeAddress, sameAt: ReadonlySet<string>): boolean {
  return outcome.kind === 'refused' && outcome.code === OLDER_SEQ && sameAt.has(nameOf(holder));
}

function putOutcome(
  outcome: AskOutcome,
  holder: NodeAddress,
  { sameAt }: Found,
): Extract<PutEvent, { readonly kind: 'put' }>['outcome'] {
  if (outcome.kind === 'reply' || hadItAlready(outcome, holder, sameAt)) return 'kept';
  return outcome.kind === 'refused' ? 'refused' : 'silent';
}

function largest(numbers: Iterable<bigint>): bigint | undefined {
  let most: bigint | undefined;
  for (const number of numbers) if (most === undefined || number > most) most = number;
  return most;
}

function nameOf(node: { readonly host: string; readonly port: number }): string {
  return `${node.host}:${node.port}`;
}
