import type { Clock } from '../../async/clock.ts';
import { Rcode } from '../../dns/codes.ts';
import type { UpstreamOutcome } from '../reply.ts';
import { Quirk } from './quirk.ts';

/** The attempt at one question from which silence may be due to the OPT record. */
const PLAIN_FROM_ATTEMPT = 2;

/**
 * Upstreams that do not know EDNS answer FORMERR or NOTIMP, as RFC 6891 §7 demands ("Responders that choose not to
 * implement the protocol extensions defined in this document MUST respond with a return code (RCODE) of FORMERR to
 * messages containing an OPT RR in the additional section"), or nothing at all. They are asked again without, and
 * that is remembered for a quarter of an hour.
 */
export class EdnsFallback {
  readonly #broken: Quirk;

  constructor(clock: Clock) {
    this.#broken = new Quirk(clock);
  }

  /** Whether the upstream is taken not to know EDNS. */
  get isBroken(): boolean {
    return this.#broken.isKnown;
  }

  /** Sends with or without OPT as the upstream needs it; `attempt` counts from 0. */
  async ask(attempt: number, send: (edns: boolean) => Promise<UpstreamOutcome>): Promise<UpstreamOutcome> {
    const isBroken = this.#broken.isKnown;
    if (isBroken || attempt >= PLAIN_FROM_ATTEMPT) {
      const outcome = await send(false);
      // Two tries with OPT are still waiting, and the one without was answered.
      if (!isBroken) this.#broken.sign();
      return outcome;
    }
    const outcome = await send(true);
    if (!refusesEdns(outcome)) {
      this.#broken.disprove();
      return outcome;
    }
    const plain = await send(false);
    if (!refusesEdns(plain)) this.#broken.establish();
    return plain;
  }

  forget(): void {
    this.#broken.disprove();
  }
}

function refusesEdns(outcome: UpstreamOutcome): boolean {
  if (outcome === 'truncated') return false;
  if (outcome === 'bare-error') return true;
  // With an OPT record in the reply the complaint is about something else, except for the version.
  if (outcome.edns) return outcome.rcode === Rcode.BADVERS;
  return outcome.rcode === Rcode.FORMERR || outcome.rcode === Rcode.NOTIMP;
}
