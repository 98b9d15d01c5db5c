import type { UpstreamStatus } from '../../forward/choice/status.ts';
import type { Log } from '../../observe/log.ts';

/** Looks at which an upstream is dead before that is told: one lost datagram is no news. */
const LOOKS = 2;

/** Tells that an upstream died and that it is back, each in one line, however many queries meet it. */
export class UpstreamNews {
  readonly #log: Log;
  /** How often each that is dead was seen so. */
  #dead: ReadonlyMap<string, number> = new Map();

  constructor(log: Log) {
    this.#log = log;
  }

  /** Takes the current state of all; one that is no longer among them is forgotten. */
  take(upstreams: readonly Pick<UpstreamStatus, 'label' | 'state' | 'lastFailure'>[]): void {
    const dead = new Map<string, number>();
    for (const { label, state, lastFailure } of upstreams) {
      const looks = this.#dead.get(label) ?? 0;
      if (state === 'dead' || (state !== 'alive' && looks > 0)) {
        dead.set(label, looks + 1);
        // The kind alone: its text may have been made of a query.
        const reason = lastFailure?.kind ?? 'timed-out';
        if (looks + 1 === LOOKS) this.#log.warn('An upstream does not answer.', { upstream: label, reason });
      } else if (looks >= LOOKS) this.#log.info('An upstream answers again.', { upstream: label });
    }
    this.#dead = dead;
  }
}
