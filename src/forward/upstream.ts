import type { Cancellation } from '../async/cancellation.ts';
import type { BegunQuery, StraightParty } from './begun-query.ts';
import type { UpstreamFailure } from './errors.ts';
import type { UpstreamReply } from './reply.ts';
import type { WrongReply } from './reply-match.ts';
import type { UpstreamRequest } from './request.ts';
import type { StraightQuery } from './straight/straight-query.ts';

/** Who hears about a try while it is pending. */
export interface AskObserver {
  /** The upstream is alive: a valid reply came, perhaps not the final one. Only the first call counts. */
  readonly heard: () => void;
  /** Something came that makes a good answer unlikely. The try goes on. */
  readonly trouble: (failure: UpstreamFailure) => void;
}

/** One try at one upstream. */
export interface Ask {
  readonly request: UpstreamRequest;
  /** How often this upstream was asked this question before, from 0. */
  readonly attempt: number;
  /** Send without EDNS whatever is known of the upstream, and learn nothing from the outcome. */
  readonly isPlain?: boolean | undefined;
  readonly observer: AskObserver;
  readonly cancellation: Cancellation;
  /** A query that was sent to this upstream on the straight way, and that this try goes on with. */
  readonly begun?: BegunQuery | undefined;
}

/** The straight way to an upstream (`straight/`). */
export interface StraightUpstream {
  /** Whether a usual query, with EDNS, can be sent on it now. */
  readonly isOpen: boolean;
  /** When it was last answered; -Infinity if never. */
  readonly answeredAt: number;
  /** Sends a query, and calls its `sentOn`. @throws UpstreamFailure `no-sockets` or `overloaded` */
  send(query: StraightQuery, party: StraightParty): void;
}

/** An upstream resolver over any transport. It knows its own quirks, and nothing of other upstreams. */
export interface Upstream {
  /** Its specification as text, and its identity: two specifications with the same label are one upstream. */
  readonly label: string;
  /** Whether another try while one is pending can help: true if datagrams can be lost. */
  readonly isLossy: boolean;
  /**
   * The reply, with any RCODE. Has its own timeout.
   * @throws UpstreamFailure, or the reason of the cancellation.
   */
  ask(ask: Ask): Promise<UpstreamReply>;
  /** Absent where each query over UDP has a socket of its own. */
  readonly straight?: StraightUpstream | undefined;
  /** What it does not do as others do, as clauses for people. */
  quirks(): readonly string[];
  /** Replies that matched no query, by what was wrong with them, since the start. */
  readonly wrongReplies: Readonly<Record<WrongReply, number>>;
  /** The network changed: closes connections and forgets quirks; pending tries fail with `reset`. */
  reset(): void;
  /** Like `reset`, for good. */
  close(): void;
}

/** Timeout of one try, in ms: long enough for a slow name, short enough for another try after it. */
export const TRY_MS = 3000;
