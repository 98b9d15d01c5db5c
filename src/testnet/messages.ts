import type { NodeAddress } from '../mainline/dht-node.ts';
import type { ThreadWarning } from '../mainline/thread/forward-warnings.ts';
import type { ThreadProblem } from '../mainline/thread/messages.ts';

/** A message from the thread of a test network. */
export type FromTestNetworkThread =
  | ThreadWarning
  | {
      readonly kind: 'network';
      readonly bootstrap: readonly NodeAddress[];
      readonly addresses: readonly NodeAddress[];
    }
  | { readonly kind: 'start-failed'; readonly problem: ThreadProblem };
