import type { Settings } from '../config/settings.ts';
import type { Forwarder } from '../forward/forwarder.ts';
import type { Log } from '../observe/log.ts';
import type { Resolver } from '../resolve/query.ts';
import type { StraightWay } from '../resolve/straight-way.ts';
import type { LocalAnswers } from '../serve/local-answers.ts';
import { type Resolution, type ResolutionParts, startResolution } from './resolution.ts';
import { upstreamSockets } from './upstreams/upstream-sockets.ts';

/** Milliseconds until a resolution that was replaced is closed: longer than any question takes. */
const LEAVE_AFTER = 5_000;

/** A resolution whose settings can change. Questions that are in it when they do are answered by the old one. */
export class CurrentResolution implements Resolution {
  readonly #log: Log;
  readonly #parts: ResolutionParts;
  #settings: Settings;
  #current: Resolution;
  /** Close those that were replaced and may still answer questions. */
  readonly #leaving = new Map<NodeJS.Timeout, () => void>();

  private constructor(settings: Settings, log: Log, parts: ResolutionParts, current: Resolution) {
    this.#settings = settings;
    this.#log = log;
    this.#parts = parts;
    this.#current = current;
  }

  /** See `startResolution`. */
  static async start(
    settings: Settings,
    log: Log,
    parts: Omit<ResolutionParts, 'budget'>,
  ): Promise<CurrentResolution> {
    const whole = { ...parts, budget: upstreamSockets() };
    return new CurrentResolution(settings, log, whole, await startResolution(settings, log, whole));
  }

  /**
   * Uses other settings from now on. What is known of upstreams, and connections to them, are kept where they can be.
   * @throws what `startResolution` throws; then nothing has changed.
   */
  async replace(settings: Settings): Promise<void> {
    const old = this.#current;
    // Connections were made with the certificate authorities of that time, and upstreams opened for that use of sockets.
    const { upstreamCa, upstreamSockets: sockets } = this.#settings;
    const keepForwarder = settings.upstreamCa === upstreamCa && settings.upstreamSockets === sockets;
    const parts = { ...this.#parts, ...(keepForwarder && { forwarder: old.forwarder }) };
    this.#current = await startResolution(settings, this.#log, parts);
    this.#settings = settings;
    const timer = setTimeout(() => {
      this.#leaving.delete(timer);
      old.close({ keepForwarder });
    }, LEAVE_AFTER).unref();
    this.#leaving.set(timer, () => old.close({ keepForwarder }));
  }

  readonly router: Resolver = {
    resolve: (query, context) => this.#current.router.resolve(query, context),
  };

  readonly ordinary: Resolver = {
    resolve: (query, context) => this.#current.ordinary.resolve(query, context),
  };

  get forwarder(): Forwarder {
    return this.#current.forwarder;
  }

  get straight(): StraightWay {
    return this.#current.straight;
  }

  get local(): LocalAnswers | undefined {
    return this.#current.local;
  }

  cameBackFrom(query: Uint8Array, questionEnd: number): string | undefined {
    return this.#current.cameBackFrom(query, questionEnd);
  }

  portalIsLikely(): boolean {
    return this.#current.portalIsLikely();
  }

  async networkChanged(): Promise<boolean> {
    return await this.#current.networkChanged();
  }

  close(): void {
    for (const [timer, close] of this.#leaving) {
      clearTimeout(timer);
      close();
    }
    this.#leaving.clear();
    this.#current.close();
  }
}
