import type { MutableItem } from '../../bep44/mutable-item.ts';
import type {
  DhtStatus,
  LookupEvent,
  NodeAddress,
  PutOutcome,
  ServingChange,
  ServingConditions,
} from '../dht-node.ts';
import type { MainlineErrorKind } from '../errors.ts';

/** What a node's thread is told. `call` numbers what is asked, so that answers find their way. */
export type ToThread =
  | {
      readonly kind: 'lookup';
      readonly call: number;
      readonly key: Uint8Array;
      readonly seq: bigint | undefined;
    }
  | {
      readonly kind: 'put';
      readonly call: number;
      readonly item: MutableItem;
      readonly cas: bigint | undefined;
    }
  | { readonly kind: 'status'; readonly call: number }
  | { readonly kind: 'known-nodes'; readonly call: number }
  /** Nobody waits for that call any more. */
  | { readonly kind: 'cancel'; readonly call: number }
  /** See ControlledDhtNode. */
  | { readonly kind: 'bootstrap'; readonly addresses: readonly NodeAddress[] }
  | { readonly kind: 'serving-conditions'; readonly conditions: ServingConditions }
  | { readonly kind: 'network-changed' }
  | { readonly kind: 'wake' }
  | { readonly kind: 'close' };

/** What a node's thread says. */
export type FromThread =
  | { readonly kind: 'started' }
  | { readonly kind: 'start-failed'; readonly problem: ThreadProblem }
  /** The node knows others. */
  | { readonly kind: 'ready' }
  /** Nodes to begin with, should this thread end. */
  | { readonly kind: 'remember'; readonly nodes: readonly NodeAddress[] }
  | { readonly kind: 'serving'; readonly change: ServingChange }
  | { readonly kind: 'event'; readonly call: number; readonly event: ThreadEvent }
  | { readonly kind: 'result'; readonly call: number; readonly result: ThreadResult }
  | { readonly kind: 'failed'; readonly call: number; readonly problem: ThreadProblem };

/**
 * A LookupEvent as it crosses between threads. An item crosses once, as the plain object that remains of a VerifiedItem, and
 * is numbered from 0 in the order of a lookup's items; when another node returns it, its number says so.
 */
export type ThreadEvent =
  | Exclude<LookupEvent, { kind: 'item' }>
  | { readonly kind: 'item'; readonly item: MutableItem; readonly from: NodeAddress }
  | { readonly kind: 'item-again'; readonly number: number; readonly from: NodeAddress };

/** How a call ended well. */
export type ThreadResult =
  | { readonly of: 'lookup' }
  | { readonly of: 'put'; readonly outcome: PutOutcome }
  | { readonly of: 'status'; readonly status: DhtStatus }
  | { readonly of: 'known-nodes'; readonly nodes: readonly NodeAddress[] };

/** An error as it crosses between threads. */
export interface ThreadProblem {
  readonly kind: MainlineErrorKind;
  readonly message: string;
}
