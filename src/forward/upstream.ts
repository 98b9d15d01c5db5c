import type { Cancellation } from '../async/cancellation.ts';
import type { UpstreamFailure } from './errors.ts';
import type { UpstreamReply } from './reply.ts';
import type { WrongReply } from './reply-match.ts';
import type { UpstreamRequest } from './request.ts';

/** What an upstream says while it is asked. */
export interface AskObserver {
  /** It lives: a valid reply came, perhaps not the final one. The first call counts. */
  readonly heard: () => void;
  /** Something came that makes a good answer unlikely; the wait goes on. */
  readonly trouble: (failure: UpstreamFailure) => void;
}

/** One try at one upstream. */
export interface Ask {
  readonly request: UpstreamRequest;
  /** How often this upstream was asked this question before, from 0. */
  readonly attempt: number;
  /** Without EDNS, whatever is known of the upstream; nothing is learned from it. */
  readonly isPlain?: boolean | undefined;
  readonly observer: AskObserver;
  readonly cancellation: Cancellation;
}

/**
 * An upstream resolver, whatever the transport. It knows its own quirks and nothing of other upstreams, of which it
 * might be a better or worse one, or of why it is asked.
 */
export interface Upstream {
  /** How people write it; also its identity: two specifications with one label are one upstream. */
  readonly label: string;
  /** Whether asking again while a try waits can help: true where datagrams can be lost. */
  readonly isLossy: boolean;
  /**
   * Its reply, of any RCODE. Bounded in time by itself.
   * @throws UpstreamFailure, or the reason of the cancellation.
   */
  ask(ask: Ask): Promise<UpstreamReply>;
  /** For people: what it does not do as others do. */
  quirks(): readonly string[];
  /** Replies that answered nothing, by what was wrong with them, since the start. */
  readonly wrongReplies: Readonly<Record<WrongReply, number>>;
  /** The network changed: drops connections, forgets quirks; tries that wait fail with `reset`. */
  reset(): void;
  /** As `reset`, for good. */
  close(): void;
}

/** How long one try waits in all, in ms: long enough for a slow name, short enough for another try after it. */
export const TRY_MS = 3000;
