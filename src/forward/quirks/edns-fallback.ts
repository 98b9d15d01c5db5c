import type { Clock } from '../../async/clock.ts';
import { withTimeout } from '../../async/with-timeout.ts';
import { Rcode } from '../../dns/codes.ts';
import type { UpstreamReply } from '../reply.ts';
import { Quirk } from './quirk.ts';

/** From this attempt on silence may be due to the OPT record. */
const PLAIN_FROM_ATTEMPT = 2;

/** How long to wait for the reply to a query with OPT after the one without, sent together, was answered; in ms. */
const GRACE_MS = 200;

/**
 * Upstreams that do not support EDNS answer FORMERR or NOTIMP, as RFC 6891 §7 demands ("Responders that choose not to
 * implement the protocol extensions defined in this document MUST respond with a return code (RCODE) of FORMERR to
 * messages containing an OPT RR in the additional section"), or nothing at all. They are asked again without, and
 * that is remembered for 15 minutes. Without OPT there is no DO bit, so this needs good evidence: it never applies to an
 * upstream that has replied with OPT, and silence counts only if a query without OPT was answered and one with OPT, sent at
 * the same time, was not, twice in a row.
 */
export class EdnsFallback {
  readonly #clock: Clock;
  readonly #broken: Quirk;
  /** It has replied with an OPT record. */
  #knowsEdns = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#broken = new Quirk(clock);
  }

  /** Whether the upstream is believed not to support EDNS. */
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

  /** Two queries with OPT are pending: sends another one, and one without. */
  async #askBothWays(send: (edns: boolean) => Promise<UpstreamReply>): Promise<UpstreamReply> {
    // A late reply counts as evidence too.
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
      // Both failed: the failure of the plain query is the outcome.
      return await plain;
    }
  }

  /** Whether this reply to a query with OPT means that EDNS is not supported. Evidence for support is remembered. */
  #refuses(outcome: UpstreamReply): boolean {
    if (isRefusal(outcome)) return true;
    this.sawAnswer(outcome.edns);
    return false;
  }

  /** A query with OPT was answered, with or without OPT in the reply. */
  sawAnswer(edns: boolean): void {
    this.#broken.clear();
    if (edns) this.#knowsEdns = true;
  }
}

function isRefusal(outcome: UpstreamReply): boolean {
  // With an OPT record in the reply the error has another cause, except BADVERS.
  if (outcome.edns) return outcome.rcode === Rcode.BADVERS;
  return outcome.rcode === Rcode.FORMERR || outcome.rcode === Rcode.NOTIMP;
}
