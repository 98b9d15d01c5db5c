import type { Cancellation } from '../async/cancellation.ts';
import type { Question } from '../dns/question.ts';
import type { Answer } from './answer.ts';
import type { DelegationTrail } from './delegation-budget.ts';

/** What is asked, without who asks: two equal queries have equal answers. */
export interface Query {
  readonly question: Question;
  /** DO (RFC 3225): the asker wants DNSSEC records. */
  readonly dnssecOk: boolean;
  /** CD (RFC 4035 §3.2.2): the asker checks for itself. */
  readonly checkingDisabled: boolean;
}

/** The circumstances of one resolution. */
export interface ResolveContext {
  /** Ends the work: the asker has gone, or the time that an answer may take is over. */
  readonly cancellation: Cancellation;
  /** Aliases followed so far, across packets and upstreams: 0 for what a client asked. */
  readonly aliasesFollowed: number;
  /** The address of the client who asked first; absent for what the program asks itself. */
  readonly client?: string;
  /** What following delegations has cost so far; absent while none was met. */
  readonly delegation?: DelegationTrail;
}

/** Something that answers questions. */
export interface Resolver {
  /**
   * Gives the answer, which may be negative or an error RCODE.
   * @throws ResolveError when no answer could be found out.
   */
  resolve(query: Query, context: ResolveContext): Promise<Answer>;
}

/** Adds something to a resolver: limits, special names, a log. */
export type Layer = (inner: Resolver) => Resolver;
