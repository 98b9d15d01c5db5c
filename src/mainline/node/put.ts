import { targetOf } from '../../bep44/target.ts';
import type { VerifiedItem } from '../../bep44/verified-item.ts';
import type { NodeAddress, PutOutcome } from '../dht-node.ts';
import { Counter } from '../socket/counter.ts';
import type { AskOutcome } from '../socket/krpc-socket.ts';
import type { TokenHolder } from '../traversal/traversal.ts';
import { isSame } from '../wire/bytes.ts';
import type { Stored } from '../wire/krpc-message.ts';
import { ItemScreen } from './item-screen.ts';
import type { Network } from './network.ts';

/** BEP 44: 301 "the CAS hash mismatched", 302 "sequence number less than current". */
const CAS_MISMATCH = 301;
const OLDER_SEQ = 302;

/** One put: see DhtNode.put. */
export async function put(
  network: Network,
  item: VerifiedItem,
  options: { readonly cas?: bigint; readonly signal: AbortSignal },
): Promise<PutOutcome> {
  const { cas, signal } = options;
  signal.throwIfAborted();
  const target = targetOf(item.key);
  const found = await findHolders(network, target, item, signal);
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
    return network.ask(holder, 'put', args, settle);
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
  signal: AbortSignal,
): Promise<Found> {
  const screen = new ItemScreen(item.key);
  const seqAt = new Map<string, bigint>();
  const sameAt = new Set<string>();
  const note = (from: NodeAddress, stored: Stored) => {
    const held = stored.kind === 'mutable' ? screen.screen(stored) : undefined;
    if (held === undefined) return;
    seqAt.set(nameOf(from), held.seq);
    if (held.seq === item.seq && isSame(held.value, item.value)) sameAt.add(nameOf(from));
  };
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      traversal.stop();
      reject(signal.reason);
    };
    const events = {
      onOutcome: (from: NodeAddress, outcome: AskOutcome) => {
        if (outcome.kind === 'reply') note(from, outcome.reply.stored);
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
    // webtorrent answers 302 also to exactly the item that it has, which is not a conflict.
    else if (outcome.code === OLDER_SEQ && holder !== undefined && sameAt.has(nameOf(holder))) alreadyHeld++;
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

function largest(numbers: Iterable<bigint>): bigint | undefined {
  let most: bigint | undefined;
  for (const number of numbers) if (most === undefined || number > most) most = number;
  return most;
}

function nameOf(node: { readonly host: string; readonly port: number }): string {
  return `${node.host}:${node.port}`;
}
