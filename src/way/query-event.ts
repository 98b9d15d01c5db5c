import type { TimedFact } from './fact.ts';

/** A query that was answered, for whoever looks at live queries. Plain values that JSON can hold. */
export interface QueryEvent {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** The address of the client, or the name of a local socket. */
  readonly client: string;
  /** `udp`, `tcp`, `tls`, `https`, `local`. */
  readonly protocol: string;
  /** In presentation form; empty when the question could not be read. */
  readonly name: string;
  /** `A`; empty likewise. */
  readonly type: string;
  /** `NXDOMAIN`; `dropped` for a query that got no reply, because its client asked too often. */
  readonly rcode: string;
  /** From reading the query to having its reply, in milliseconds with one digit behind the point. */
  readonly durationMs: number;
  /** The way of the answer, without the question. */
  readonly way: readonly TimedFact[];
}

/** Queries that were answered within a moment, in this order. */
export interface QueryBatch {
  readonly events: readonly QueryEvent[];
  /** Queries that were left out, since there were too many. */
  readonly dropped: number;
}

/** Is told batches. */
export type QueryObserver = (batch: QueryBatch) => void;
