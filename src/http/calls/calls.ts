import type { MetricsSnapshot } from '../../observe/metrics/snapshot.ts';
import type { Figures } from '../../page/figures/figures.ts';
import type { LookUpStep } from '../../page/look-up/step.ts';
import type { NamesView } from '../../page/names/view.ts';
import type { Call } from './call.ts';
import type { RelayCalls } from './relay-calls.ts';

/**
 * All that the thread can ask. An entry here, and its function in `app/http/main-calls.ts`, is all that a new one takes: the thread
 * asks with `RemoteCalls.ask`. A call that goes on until it is cancelled and only pushes parts is a stream: see `SharedStream`.
 */
export type Calls = {
  /** The newest known packet of a key, by the key's text: signature ‖ timestamp ‖ message; undefined when nothing is published. */
  readonly packet: Call<string, Uint8Array | undefined>;
  /** The addresses of an ordinary name, by the key of its `Name`, in the order in which to try them. */
  readonly addresses: Call<string, readonly string[]>;
  /** What the page shows of the program. */
  readonly figures: Call<undefined, Figures>;
  /** What the page shows of the user's own names for keys. */
  readonly names: Call<undefined, NamesView>;
  /** All that `/metrics` is made from. */
  readonly metrics: Call<undefined, MetricsSnapshot>;
  /** Answers when the main thread does anything at all. */
  readonly health: Call<undefined, undefined>;
  /** Whether a question to ourselves is answered, over UDP and through the kernel. */
  readonly readiness: Call<undefined, boolean>;
  /** Looks up what somebody typed; all that there is to tell comes in parts. */
  readonly 'look-up': Call<LookUpRequest, undefined, LookUpStep>;
} & RelayCalls;

/** What somebody typed on the page. */
export interface LookUpRequest {
  readonly name: string;
  /** Empty for the usual one of such a name. */
  readonly type: string;
  /** The address of the client, which has the limits of a client of DNS. */
  readonly client: string;
}
