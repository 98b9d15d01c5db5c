import type { Log } from '../observe/log.ts';
import type { SpawnWorker, WorkerProcess } from '../system/worker-process.ts';
import type { PrimaryCalls, WorkerCalls } from './calls.ts';
import { type Handlers, Link } from './link.ts';

/** Milliseconds until a worker that ended is replaced; each end soon after a start doubles it, up to the maximum. */
const RESTART_MS = 100;
const MAX_RESTART_MS = 30_000;
/** A worker that lived for so many milliseconds was well, and the pauses begin anew. */
const WELL_MS = 60_000;

/** The primary's end of the line to a worker. */
export type WorkerLink = Link<WorkerCalls, PrimaryCalls>;

/** What a place works with. */
export interface PlaceParts {
  readonly spawn: SpawnWorker;
  /** What answers the worker of this place. */
  readonly handlers: Handlers<PrimaryCalls>;
  /** Has a new worker begin to listen. Rejects when it cannot. */
  readonly begin: (link: WorkerLink) => Promise<void>;
  readonly log: Log;
  /** Milliseconds, never going back. */
  readonly now: () => number;
}

/** The place of one worker: whoever had it last, a process runs there, and is replaced when it ends. */
export class Place {
  readonly #parts: PlaceParts;
  #process: WorkerProcess | undefined;
  #link: WorkerLink | undefined;
  #isReady = false;
  #wasReady = false;
  #isClosing = false;
  #restarts = 0;
  #pauseMs = RESTART_MS;
  #timer: NodeJS.Timeout | undefined;
  #exited: Promise<void> = Promise.resolve();

  constructor(parts: PlaceParts) {
    this.#parts = parts;
  }

  /** Starts the first worker. Rejects when it cannot begin; then no other is started. */
  async start(): Promise<void> {
    await this.#start();
  }

  /** The line to the worker that runs here now, listening or about to. */
  get link(): WorkerLink | undefined {
    return this.#link;
  }

  /** The process that listens, if one does. */
  get listening(): { readonly pid: number; readonly link: WorkerLink } | undefined {
    if (!this.#isReady || this.#link === undefined || this.#process === undefined) return undefined;
    return { pid: this.#process.pid, link: this.#link };
  }

  /** How often the worker of this place was replaced. */
  get restarts(): number {
    return this.#restarts;
  }

  /** Tells the worker to finish, and ends it when it has not after `milliseconds`. */
  async close(milliseconds: number): Promise<void> {
    this.#isClosing = true;
    clearTimeout(this.#timer);
    this.#link?.tell('stop', undefined);
    const timer = setTimeout(() => this.#process?.kill(), milliseconds);
    await this.#exited;
    clearTimeout(timer);
  }

  #start(): Promise<void> {
    const { spawn, handlers, begin, now } = this.#parts;
    const process = spawn();
    const link: WorkerLink = new Link(process, handlers);
    const startedAt = now();
    this.#process = process;
    this.#link = link;
    this.#exited = new Promise((resolve) => {
      process.onExit((why) => {
        this.#isReady = false;
        this.#process = undefined;
        this.#link = undefined;
        link.close(`the worker ended: ${why}`);
        resolve();
        // What could not begin at all is not tried again: whoever started the program is told instead.
        if (this.#wasReady) this.#replace(process.pid, why, startedAt);
      });
    });
    return begin(link).then(
      () => {
        this.#isReady = true;
        this.#wasReady = true;
      },
      (error: unknown) => {
        // One that does not listen is of no use, and holds nothing that anybody waits for.
        process.kill();
        throw error;
      },
    );
  }

  #replace(pid: number, why: string, startedAt: number): void {
    const { log, now } = this.#parts;
    if (this.#isClosing) return;
    if (now() - startedAt >= WELL_MS) this.#pauseMs = RESTART_MS;
    const pause = this.#pauseMs;
    log.warn('A worker ended and is replaced; the others answer meanwhile.', {
      pid,
      why,
      afterSeconds: pause / 1000,
    });
    this.#pauseMs = Math.min(MAX_RESTART_MS, pause * 2);
    this.#timer = setTimeout(() => {
      this.#restarts++;
      this.#start().catch((error: unknown) => {
        if (this.#isClosing) return;
        log.error('A worker does not listen.', {
          reason: error instanceof Error ? error.message : String(error),
        });
      });
    }, pause);
  }
}
