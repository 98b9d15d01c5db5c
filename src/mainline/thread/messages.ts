import type { MutableItem } from '../../bep44/mutable-item.ts';
import type {
  DhtStatus,
  LookupEvent,
  LookupSummary,
  NodeAddress,
  PutEvent,
  PutOutcome,
  ServingChange,
  ServingConditions,
} from '../dht-node.ts';
import type { MainlineErrorKind } from '../errors.ts';
import type { ThreadWarning } from './forward-warnings.ts';

/** A message to the thread of a node. `call` is the number of a call, which its answers repeat. */
export type ToThread =
  | {
      readonly kind: 'lookup';
      readonly call: number;
      readonly key: Uint8Array;
      readonly seq: bigint | undefined;
      readonly isWatched: boolean;
      readonly isBrief: boolean;
    }
  | {
      readonly kind: 'put';
      readonly call: number;
      readonly item: MutableItem;
      readonly cas: bigint | undefined;
      readonly isWatched: boolean;
    }
  | { readonly kind: 'status'; readonly call: number }
  | { readonly kind: 'known-nodes'; readonly call: number }
  /** The caller no longer waits. */
  | { readonly kind: 'cancel'; readonly call: number }
  /** See ControlledDhtNode. */
  | { readonly kind: 'bootstrap'; readonly addresses: readonly NodeAddress[] }
  | { readonly kind: 'serving-conditions'; readonly conditions: ServingConditions }
  | { readonly kind: 'network-changed' }
  | { readonly kind: 'wake' }
  | { readonly kind: 'close' };

/** A message from the thread of a node. */
export type FromThread =
  | ThreadWarning
  | { readonly kind: 'started' }
  | { readonly kind: 'start-failed'; readonly problem: ThreadProblem }
  /** See DhtNode.ready. */
  | { readonly kind: 'ready' }
  /** Known nodes, for the next thread if this one ends. */
  | { readonly kind: 'remember'; readonly nodes: readonly NodeAddress[] }
  | { readonly kind: 'serving'; readonly change: ServingChange }
  | { readonly kind: 'event'; readonly call: number; readonly event: ThreadEvent }
  /** Of a put that is watched. */
  | { readonly kind: 'put-event'; readonly call: number; readonly event: PutEvent }
  | { readonly kind: 'result'; readonly call: number; readonly result: ThreadResult }
  | { readonly kind: 'failed'; readonly call: number; readonly problem: ThreadProblem };

/**
 * A LookupEvent as it is sent between threads. Each item of a lookup is sent once, as a plain object, since a class does not
 * survive a message. Items are numbered from 0; when another node returns the same item, only its number is sent. The summary
 * of a lookup is its result.
 */
export type ThreadEvent =
  | Exclude<LookupEvent, { kind: 'item' | 'done' }>
  | { readonly kind: 'item'; readonly item: MutableItem; readonly from: NodeAddress }
  | { readonly kind: 'item-again'; readonly number: number; readonly from: NodeAddress };

/** The result of a successful call. */
export type ThreadResult =
  /** Undefined if it was stopped. */
  | { readonly of: 'lookup'; readonly summary: LookupSummary | undefined }
  | { readonly of: 'put'; readonly outcome: PutOutcome }
  | { readonly of: 'status'; readonly status: DhtStatus }
  | { readonly of: 'known-nodes'; readonly nodes: readonly NodeAddress[] };

/** An error as it is sent between threads. */
export interface ThreadProblem {
  readonly kind: MainlineErrorKind;
  readonly message: string;
  readonly code?: string | undefined;
}
