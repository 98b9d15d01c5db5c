import type { Cancellation } from '../async/cancellation.ts';
import type { Question } from '../dns/question.ts';
import type { BegunQuery } from '../forward/begun-query.ts';
import type { AnswerSource } from '../observe/metrics/traffic.ts';
import type { Trace } from '../way/trace.ts';
import type { Answer } from './answer.ts';
import type { DelegationTrail, ResolutionBudget } from './resolution-budget.ts';

/** What is asked, without who asks: equal queries have equal answers. */
export interface Query {
  readonly question: Question;
  /** DO (RFC 3225): the client wants DNSSEC records. */
  readonly dnssecOk: boolean;
  /** CD (RFC 4035 §3.2.2): the client validates for itself. */
  readonly checkingDisabled: boolean;
}

/** The context of one resolution. */
export interface ResolveContext {
  /** Ends the work: the client is gone, or the deadline passed. */
  readonly cancellation: Cancellation;
  /** Aliases followed so far, across packets and upstreams: 0 for what a client asked. */
  readonly aliasesFollowed: number;
  /** The address of the client; absent for the program's own questions. */
  readonly client?: string;
  /** Told each source that the answer was got from, or is waited for. */
  readonly onSource?: (source: AnswerSource) => void;
  /** Told the way of the answer; absent where nobody asked for it. */
  readonly trace?: Trace | undefined;
  /** A query that an upstream was sent for this question on the straight way: see `BegunQuery.claim`. */
  readonly begun?: BegunQuery | undefined;
  /** What names of keys may still cost; absent until the first one. */
  readonly budget?: ResolutionBudget;
  /** The delegations on the way here; absent until the first one. */
  readonly delegation?: DelegationTrail;
}

/** Answers questions. */
export interface Resolver {
  /**
   * The answer, which may be negative or an error RCODE.
   * @throws ResolveError when there is none.
   */
  resolve(query: Query, context: ResolveContext): Promise<Answer>;
}

/** Wraps a resolver: limits, special names, a log. */
export type Layer = (inner: Resolver) => Resolver;
