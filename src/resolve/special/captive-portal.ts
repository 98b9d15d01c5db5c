import { type Clock, systemClock } from '../../async/clock.ts';
import { withTimeout } from '../../async/with-timeout.ts';
import { Rcode, Type } from '../../dns/codes.ts';
import type { Name } from '../../dns/name.ts';
import type { Question } from '../../dns/question.ts';
import type { ResourceRecord } from '../../dns/record.ts';
import { type Answer, type RecordsAnswer, recordsAnswer, toRecords } from '../answer.ts';
import type { Layer, Query, ResolveContext, Resolver } from '../query.ts';

/** What the detection of captive portals depends on. */
export interface CaptivePortalParts {
  /** The names that systems and browsers ask for to find out whether they are on the Internet. Only they are looked at. */
  readonly checks: readonly Name[];
  /** Whether a chosen upstream has answered anything since the network changed. */
  readonly hasAnswered: () => boolean;
  /** Asks the resolvers of the network itself. */
  readonly network: Resolver;
  /** Called when a captive portal becomes likely on this network. */
  readonly onLikely: () => void;
  readonly clock?: Clock;
}

/** Milliseconds that the chosen upstreams have to answer, from the first check on a network. */
const PATIENCE = 2_000;

/** Seconds that the network's answer may be cached: once the portal is open, the right one is wanted. */
const MAX_TTL = 5;

/**
 * A captive portal lets nobody out before a page of it was opened, and chosen upstreams are out there: the system would not
 * even notice the portal. When none of them answers within 2 s, the names of the systems' own checks, and nothing else, are
 * asked of the network's resolvers, who lead to the portal's page.
 */
export class CaptivePortal {
  readonly #parts: CaptivePortalParts;
  readonly #clock: Clock;
  readonly #checks: ReadonlySet<string>;
  /** When the first check was asked on this network. */
  #since: number | undefined;
  #wasAnswered = false;

  constructor(parts: CaptivePortalParts) {
    this.#parts = parts;
    this.#clock = parts.clock ?? systemClock;
    this.#checks = new Set(parts.checks.map(({ key }) => key));
  }

  /** The network's resolvers answered a check, and no chosen upstream has answered yet. */
  get isLikely(): boolean {
    return this.#wasAnswered && !this.#parts.hasAnswered();
  }

  /** Another network may have no portal. */
  networkChanged(): void {
    this.#since = undefined;
    this.#wasAnswered = false;
  }

  /** Asks the network's resolvers for the checks when nobody else answers. */
  readonly layer: Layer = (inner) => ({
    resolve: async (query, context) => {
      if (!this.#isCheck(query.question) || this.#parts.hasAnswered())
        return await inner.resolve(query, context);
      return await this.#resolveCheck(inner, query, context);
    },
  });

  #isCheck({ name, type }: Question): boolean {
    return (type === Type.A || type === Type.AAAA) && this.#checks.has(name.key);
  }

  async #resolveCheck(inner: Resolver, query: Query, context: ResolveContext): Promise<Answer> {
    const { cancellation } = context;
    this.#since ??= this.#clock.now();
    const left = Math.max(0, this.#since + PATIENCE - this.#clock.now());
    const chosen = settled(inner.resolve(query, context));
    // A failure at once says as little as silence: a portal may reject what it does not let out.
    const answered = chosen.then((outcome) => (outcome.ok ? outcome : new Promise<never>(() => {})));
    const cancelled = new Promise<undefined>((resolve) => cancellation.listen(() => resolve(undefined)));
    const first = await withTimeout(Promise.race([answered, cancelled]), left, () => undefined, this.#clock);
    if (first?.ok === true) return first.answer;
    if (!cancellation.isCancelled && !this.#parts.hasAnswered()) {
      context.trace?.tell({ of: 'portal' });
      const found = await settled(this.#parts.network.resolve(query, context));
      const limited = found.ok ? limitedAnswer(found.answer) : undefined;
      if (limited !== undefined && !this.#parts.hasAnswered()) {
        if (!this.#wasAnswered) this.#parts.onLikely();
        this.#wasAnswered = true;
        return limited;
      }
    }
    const outcome = await chosen;
    if (outcome.ok) return outcome.answer;
    throw outcome.error;
  }
}

type Outcome =
  | { readonly ok: true; readonly answer: Answer }
  | { readonly ok: false; readonly error: unknown };

/** The outcome of a resolution, which may be of no use any more when it comes. */
function settled(work: Promise<Answer>): Promise<Outcome> {
  return work.then(
    (answer) => ({ ok: true, answer }),
    (error: unknown) => ({ ok: false, error }),
  );
}

/** The network's answer for a short time; undefined unless it has records. */
function limitedAnswer(answer: Answer): RecordsAnswer | undefined {
  const { rcode, answers } = toRecords(answer);
  if (rcode !== Rcode.NOERROR || answers.length === 0) return undefined;
  return recordsAnswer({
    authoritative: false,
    answers: answers.map((record): ResourceRecord => ({ ...record, ttl: Math.min(record.ttl, MAX_TTL) })),
  });
}
