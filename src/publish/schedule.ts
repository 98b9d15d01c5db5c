/** Milliseconds from one publication to the next, ±10 % so that those that began together spread. */
export const REFRESH_EVERY = 3_600_000;
/** Milliseconds after the first failure; doubled with each further one up to the longest. */
const FIRST_RETRY = 5_000;
const LONGEST_RETRY = 15 * 60_000;
const JITTER = 0.1;

/** What a schedule works with. */
export interface ScheduleClocks {
  /** Milliseconds, never going back; it may stop while the machine sleeps. */
  readonly now: () => number;
  /** Milliseconds since 1970. */
  readonly nowWall: () => number;
  /** 0 to below 1. */
  readonly random: () => number;
}

/** When a task is due: at once, then hourly, and sooner after a failure. */
export class Schedule {
  readonly #clocks: ScheduleClocks;
  #nextAt: number;
  #nextAtWall: number;
  #failures = 0;

  constructor(clocks: ScheduleClocks) {
    this.#clocks = clocks;
    this.#nextAt = clocks.now();
    this.#nextAtWall = clocks.nowWall();
  }

  /** Milliseconds until it is due; 0 when it is. */
  get left(): number {
    const { now, nowWall } = this.#clocks;
    // The wall clock goes on while the machine sleeps. If it is set forward, the task runs early once, which does no harm.
    return Math.max(0, Math.min(this.#nextAt - now(), this.#nextAtWall - nowWall()));
  }

  /** True when the last try failed. */
  get isFailing(): boolean {
    return this.#failures > 0;
  }

  /** It starts: it is due again in an hour, unless it fails or `hurry` is called meanwhile. */
  begun(): void {
    const { now, nowWall } = this.#clocks;
    const pause = this.#jittered(REFRESH_EVERY);
    this.#nextAt = now() + pause;
    this.#nextAtWall = nowWall() + pause;
  }

  succeeded(): void {
    this.#failures = 0;
  }

  failed(): void {
    const { now, nowWall } = this.#clocks;
    const pause = this.#jittered(Math.min(LONGEST_RETRY, FIRST_RETRY * 2 ** Math.min(this.#failures++, 20)));
    this.#nextAt = Math.min(this.#nextAt, now() + pause);
    this.#nextAtWall = Math.min(this.#nextAtWall, nowWall() + pause);
  }

  /** Makes it due now. */
  hurry(): void {
    this.#nextAt = this.#clocks.now();
  }

  #jittered(milliseconds: number): number {
    return milliseconds * (1 - JITTER + 2 * JITTER * this.#clocks.random());
  }
}
