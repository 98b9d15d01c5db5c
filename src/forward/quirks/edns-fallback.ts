import type { Clock } from '../../async/clock.ts';
import { withTimeout } from '../../async/with-timeout.ts';
import { Rcode } from '../../dns/codes.ts';
import type { UpstreamReply } from '../reply.ts';
import { Quirk } from './quirk.ts';

/** The attempt at one question from which silence may be due to the OPT record. */
const PLAIN_FROM_ATTEMPT = 2;

/** How long the reply to a query with OPT is awaited when the one without, sent with it, was answered; in ms. */
const GRACE_MS = 200;

/**
 * Upstreams that do not know EDNS answer FORMERR or NOTIMP, as RFC 6891 §7 demands ("Responders that choose not to
 * implement the protocol extensions defined in this document MUST respond with a return code (RCODE) of FORMERR to
 * messages containing an OPT RR in the additional section"), or nothing at all. They are asked again without, and
 * that is remembered for a quarter of an hour. Without OPT there is no DO bit, so it must not be believed for a wrong
 * reason: never of an upstream that was seen to answer with OPT, and for silence only when it answered a query without
 * OPT and not the one with OPT that was sent at the same moment, twice in a row.
 */
export class EdnsFallback {
  readonly #clock: Clock;
  readonly #broken: Quirk;
  /** It has answered with an OPT record. */
  #knowsEdns = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#broken = new Quirk(clock);
  }

  /** Whether the upstream is taken not to know EDNS. */
  get isBroken(): boolean {
    return this.#broken.isKnown;
  }

  /** Sends with or without OPT as the upstream needs it; `attempt` counts from 0. */
  async ask(attempt: number, send: (edns: boolean) => Promise<UpstreamReply>): Promise<UpstreamReply> {
    if (this.#broken.isKnown) return await send(false);
    if (attempt >= PLAIN_FROM_ATTEMPT) return await this.#askBothWays(send);
    const outcome = await send(true);
    if (!this.#refuses(outcome)) return outcome;
    const plain = await send(false);
    if (!this.#knowsEdns && !isRefusal(plain)) this.#broken.establish();
    return plain;
  }

  /** The network changed: another machine may have the address. */
  forget(): void {
    this.#broken.clear();
    this.#knowsEdns = false;
  }

  /** Two queries with OPT are still waiting: one more is sent, and one without. */
  async #askBothWays(send: (edns: boolean) => Promise<UpstreamReply>): Promise<UpstreamReply> {
    // What comes late is learned from too.
    const better = send(true).then((outcome) => {
      if (this.#refuses(outcome)) throw new Error('the upstream does not want EDNS');
      return outcome;
    });
    const plain = send(false);
    const answeredPlainly = plain.then(async (outcome) => {
      const instead = await withTimeout(better, GRACE_MS, () => undefined, this.#clock).catch(
        () => undefined,
      );
      if (instead !== undefined) return instead;
      if (!this.#knowsEdns) this.#broken.suspect();
      return outcome;
    });
    try {
      return await Promise.any([better, answeredPlainly]);
    } catch {
      // Neither gave an answer: the reason is that of the plain one.
      return await plain;
    }
  }

  /** Whether the outcome of a query with OPT says that there should be none. What says otherwise is remembered. */
  #refuses(outcome: UpstreamReply): boolean {
    if (isRefusal(outcome)) return true;
    this.#broken.clear();
    if (outcome.edns) this.#knowsEdns = true;
    return false;
  }
}

function isRefusal(outcome: UpstreamReply): boolean {
  // With an OPT record in the reply the complaint is about something else, except for the version.
  if (outcome.edns) return outcome.rcode === Rcode.BADVERS;
  return outcome.rcode === Rcode.FORMERR || outcome.rcode === Rcode.NOTIMP;
}
