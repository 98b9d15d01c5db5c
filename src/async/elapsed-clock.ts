/** The two clocks of a machine, in milliseconds. */
export interface MachineClocks {
  /** The time of day, whole milliseconds: people and NTP set it, forward and back. */
  readonly wall: () => number;
  /** Never set, but on most systems it stands still while the machine sleeps. */
  readonly monotonic: () => number;
}

/** Milliseconds that the wall clock may lag behind the monotonic one before it was set back: NTP slews less than that. */
const SLEW = 50;

/**
 * Milliseconds since it was made, with the time that the machine slept: what is to expire does so while nobody runs. Whole
 * numbers that never go back. The wall clock goes on during sleep, so its steps forward count as time that passed, which
 * lets things expire too early at worst; its steps back do not count.
 */
export class ElapsedClock {
  readonly #clocks: MachineClocks;
  /** What is added to the wall clock. */
  #offset: number;
  #lastWall: number;
  /** Both clocks at the last check. */
  #checkedAt: number;
  #checkedMonotonic: number;

  constructor(clocks: MachineClocks) {
    this.#clocks = clocks;
    this.#lastWall = clocks.wall();
    this.#offset = -this.#lastWall;
    this.#checkedAt = 0;
    this.#checkedMonotonic = clocks.monotonic();
  }

  /** Called for each query: one clock is read and nothing else, unless that one was set back. */
  now(): number {
    const wall = this.#clocks.wall();
    if (wall < this.#lastWall) this.#stepBack(wall);
    this.#lastWall = wall;
    return wall + this.#offset;
  }

  /**
   * Compares the clocks; to be called every few seconds, so that a step back is noticed also when nobody asks meanwhile.
   * @returns milliseconds since the last call in which the monotonic clock stood still: the machine slept.
   */
  check(): number {
    const passed = this.now() - this.#checkedAt;
    const monotonic = this.#clocks.monotonic();
    const monotonicPassed = Math.floor(monotonic - this.#checkedMonotonic);
    if (monotonicPassed - passed > SLEW) this.#offset += monotonicPassed - passed;
    this.#checkedAt = this.#lastWall + this.#offset;
    this.#checkedMonotonic = monotonic;
    return Math.max(0, passed - monotonicPassed);
  }

  /** Goes on from what was given last, or from the last check by the other clock when that is later. */
  #stepBack(wall: number): void {
    const last = this.#lastWall + this.#offset;
    const byMonotonic = this.#checkedAt + Math.floor(this.#clocks.monotonic() - this.#checkedMonotonic);
    this.#offset = Math.max(last, byMonotonic) - wall;
  }
}

/** The clock of this process, by which answers, packets and publications grow old. */
export const elapsedClock: ElapsedClock = new ElapsedClock({
  wall: () => Date.now(),
  monotonic: () => performance.now(),
});
