import type { RelayCalls } from '../calls/relay-calls.ts';
import type { RemoteCalls } from '../calls/remote-calls.ts';

/** What the relay depends on. */
export interface RelayParts {
  readonly calls: Pick<RemoteCalls<RelayCalls>, 'ask'>;
  /** Origins whose pages may use it: `https://app.example`, or `*` for all. */
  readonly origins: () => readonly string[];
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  /** Milliseconds since 1970. */
  readonly nowWall: () => number;
}
