import type { Random } from '../random.ts';

/** Ports below are reserved (RFC 6335 §6, "System Ports"). */
const LOWEST = 1024;

/** How many recent ports are not used again. */
const RECENT = 4096;

/**
 * Local ports for UDP queries. RFC 5452 §9.2: "Use an unpredictable source port for outgoing queries from the range
 * of available ports (53, or 1024 and above) that is as large as possible and practicable". The kernel would choose
 * from 28,232; this chooses uniformly from 64,512 less the 4,096 recent ones. Leaving those out helps an attacker by
 * less than a tenth of a bit, and keeps a late reply to one query from reaching the socket of another.
 */
export class SourcePorts {
  readonly #random: Random;
  readonly #recent = new Uint16Array(RECENT);
  readonly #isRecent = new Uint8Array(0x10000);
  #at = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** A port from 1,024 to 65,535. If another program uses it, call this again. */
  next(): number {
    let port = this.#random.u16();
    // At least 60,416 of 65,536 values are good, so the chance of a tenth turn is under 10^-11.
    while (port < LOWEST || this.#isRecent[port] === 1) port = this.#random.u16();
    this.#isRecent[this.#recent[this.#at] as number] = 0;
    this.#recent[this.#at] = port;
    this.#isRecent[port] = 1;
    this.#at = (this.#at + 1) % RECENT;
    return port;
  }
}
