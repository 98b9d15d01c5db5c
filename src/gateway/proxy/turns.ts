/** Octets that are passed on in one go: 0.1 to 0.2 ms of work with TLS. What comes from a network is mostly less at a time. */
const OCTETS = 65_536;

/** Milliseconds of a pause. The timers of the system make twice that of it. */
const PAUSE = 0.05;

/**
 * Makes room for the other threads of this machine while much is passed on. Since version 6.6 Linux leaves a thread that does not
 * sleep its whole time slice, 1.4 to 4 ms, whatever its priority (RUN_TO_PARITY in kernel/sched/fair.c), and whoever was put on the
 * same processor waits as long: an answer of DNS, or the program that asked for it. So the thread sleeps a moment where one turn of
 * its event loop has passed on much. Below 200 MB a second nothing is slower for that.
 */
export class Turns {
  readonly #pause: () => void;
  #passed = 0;

  /** @param pause another one in tests. */
  constructor(pause: () => void = sleep) {
    this.#pause = pause;
  }

  /** Octets were passed on. */
  passed(octets: number): void {
    // After this turn the event loop sleeps until there is more.
    if (this.#passed === 0)
      setImmediate(() => {
        this.#passed = 0;
      });
    this.#passed += octets;
    if (this.#passed < OCTETS) return;
    // Not 0, for the turn goes on.
    this.#passed = 1;
    this.#pause();
  }
}

const nothing = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

/** Blocks this thread: an event loop that has work never sleeps by itself. */
function sleep(): void {
  Atomics.wait(nothing, 0, 0, PAUSE);
}
