/**
 * What the thread asks the main thread: a question in, an answer out, and parts of it while the answer is made. Questions, parts
 * and answers cross between threads, so they are plain values (structured clone): text, numbers, octets, records of those.
 *
 * @throws LookupError, which crosses as its kind and its sentence, and the reason of an aborted `signal`. Anything else is an
 * internal error: it is reported, and whoever asked is told of one.
 */
export type Call<Question, Answer, Part = never> = (
  question: Question,
  context: CallContext<Part>,
) => Promise<Answer>;

/** What a call is given beside its question. */
export interface CallContext<Part> {
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  /** Sends a part of the answer ahead; after the end of the call it does nothing. */
  push(part: Part): void;
}

/** Calls by their names. */
export type CallTable<Table> = { readonly [Name in keyof Table]: Call<never, unknown> };

/** The name of a call. */
export type CallName<Table> = keyof Table & string;

/** The question of a call. */
export type QuestionOf<Some> = Some extends Call<infer Question, unknown> ? Question : never;

/** The answer of a call. */
export type AnswerOf<Some> = Some extends Call<never, infer Answer> ? Answer : never;

/** What a call sends ahead. */
export type PartOf<Some> = Some extends (question: never, context: CallContext<infer Part>) => unknown
  ? Part
  : never;
