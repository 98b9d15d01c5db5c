import type { ClientRequest } from 'node:http';
import { GatewayFailure } from '../failure/failure.ts';
import { type Exchange, hasBody } from './exchange.ts';

/** Ends a request that does not get on, until its answer begins and its body was sent. */
export class RequestTimers {
  readonly #timers = new Set<NodeJS.Timeout>();
  #waiting: NodeJS.Timeout | undefined;
  #isAnswered = false;

  constructor({ request, limits, stop }: Exchange, toSite: ClientRequest) {
    const end = (kind: 'silent' | 'too-slow') => stop.abort(new GatewayFailure(kind));
    this.#waiting = setTimeout(() => end('silent'), limits.reachMs);
    toSite.once('socket', () => clearTimeout(this.#waiting));
    // All of it was handed to the system: from here on the site is to act.
    toSite.once('finish', () => {
      this.stop();
      if (!this.#isAnswered) this.#waiting = setTimeout(() => end('silent'), limits.firstByteMs);
    });
    toSite.once('close', () => this.stop());
    if (!hasBody(request)) return;
    let moved = 0;
    request.on('data', (octets: Buffer) => {
      moved += octets.length;
    });
    const check = () => {
      // A site that does not read what is sent is the one that is slow.
      if (moved < limits.uploadOctets && !request.complete)
        end(toSite.writableNeedDrain ? 'silent' : 'too-slow');
      moved = 0;
    };
    this.#timers.add(setInterval(check, limits.uploadWindowMs));
    this.#timers.add(setTimeout(() => end('too-slow'), limits.uploadMs));
  }

  /** The answer began. The body may still be on its way. */
  answered(): void {
    this.#isAnswered = true;
    clearTimeout(this.#waiting);
  }

  /** Ends all timers. */
  stop(): void {
    clearTimeout(this.#waiting);
    for (const timer of this.#timers) clearInterval(timer);
  }
}
