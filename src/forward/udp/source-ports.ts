import type { Clock } from '../../async/clock.ts';
import type { Random } from '../random.ts';

/** Ports below are reserved (RFC 6335 §6, "System Ports"). */
const LOWEST = 1024;

/** For how long a port is not used again, in ms: twice as long as any query waits for its reply, and more. */
const REST_MS = 10_000;

/** The most ports that are left out for that; with more than 1,638 a second they are used again earlier. */
const MAX_RESTING = 16_384;

/**
 * Local ports for UDP queries. RFC 5452 §9.2: "Use an unpredictable source port for outgoing queries from the range
 * of available ports (53, or 1024 and above) that is as large as possible and practicable". The kernel would choose
 * from 28,232; this chooses uniformly from 64,512 less those of the last ten seconds, of which there are 16,384 at most.
 * Leaving those out helps an attacker by 0.4 bits at the very most. It keeps a late reply to one query from reaching the socket of
 * another, and makes a port that somebody found out worthless once it is closed.
 */
export class SourcePorts {
  readonly #random: Random;
  readonly #clock: Clock;
  /** A ring of the ports given last, and when. */
  readonly #ports = new Uint16Array(MAX_RESTING);
  readonly #givenAt = new Float64Array(MAX_RESTING);
  readonly #isResting = new Uint8Array(0x10000);
  #oldest = 0;
  #count = 0;

  constructor(random: Random, clock: Clock) {
    this.#random = random;
    this.#clock = clock;
  }

  /** A port from 1,024 to 65,535. If another program uses it, call this again. */
  next(): number {
    const now = this.#clock.now();
    while (this.#count > 0 && now - (this.#givenAt[this.#oldest] as number) >= REST_MS) this.#forgetOldest();
    if (this.#count === MAX_RESTING) this.#forgetOldest();
    let port = this.#random.u16();
    // At least 48,128 of 65,536 values are good, so the chance of a twentieth turn is under 10^-11.
    while (port < LOWEST || this.#isResting[port] === 1) port = this.#random.u16();
    const at = (this.#oldest + this.#count) % MAX_RESTING;
    this.#ports[at] = port;
    this.#givenAt[at] = now;
    this.#isResting[port] = 1;
    this.#count += 1;
    return port;
  }

  #forgetOldest(): void {
    this.#isResting[this.#ports[this.#oldest] as number] = 0;
    this.#oldest = (this.#oldest + 1) % MAX_RESTING;
    this.#count -= 1;
  }
}
