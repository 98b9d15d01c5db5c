import { Restarts } from '../async/restarts.ts';
import type { Log } from '../observe/log.ts';
import type { SpawnWorker, WorkerProcess } from '../system/worker-process.ts';
import { type Handlers, Link, LinkError } from './link.ts';
import type { PrimaryCalls, WorkerCalls } from './messages.ts';

/**
 * Milliseconds between two health checks. Checks are counted, not time: if the primary itself or the whole machine was
 * suspended, only one check is due, and the responses arrive before the next.
 */
const LOOK_MS = 2_500;
/** Checks without a response until the worker is killed: 10 s. */
const MAX_SILENT_LOOKS = 4;
/** The same for a worker that is still starting, also on a slow machine: half a minute. */
const MAX_SILENT_LOOKS_AT_START = 12;

/** The primary's side of the link to a worker. */
export type WorkerLink = Link<WorkerCalls, PrimaryCalls>;

/** What a slot needs. */
export interface WorkerSlotParts {
  readonly spawn: SpawnWorker;
  /** Handles the calls of the worker in this slot. */
  readonly handlers: Handlers<PrimaryCalls>;
  /** Makes a new worker listen. Rejects if it cannot. */
  readonly begin: (link: WorkerLink) => Promise<void>;
  readonly log: Log;
  /** Milliseconds, never going back. */
  readonly now: () => number;
}

/** One of the pool's worker processes. It is replaced whenever it ends. */
export class WorkerSlot {
  readonly #parts: WorkerSlotParts;
  #process: WorkerProcess | undefined;
  #link: WorkerLink | undefined;
  #isReady = false;
  #wasReady = false;
  #isClosing = false;
  #isRenewing = false;
  readonly #restarts: Restarts;
  /** Settles when the latest worker listens or has failed to. */
  #begun: Promise<void> = Promise.resolve();
  #exited: Promise<void> = Promise.resolve();
  #renewed: Promise<void> = Promise.resolve();

  constructor(parts: WorkerSlotParts) {
    this.#parts = parts;
    this.#restarts = new Restarts({
      start: () => this.#restart(),
      onFailure: (error, pauseMs) => {
        parts.log.error('A worker cannot be started.', {
          reason: reasonOf(error),
          afterSeconds: pauseMs / 1000,
        });
      },
    });
  }

  /** Starts the first worker. If that fails, no other is started. @throws LinkError, or what `begin` throws. */
  async start(): Promise<void> {
    await this.#start();
  }

  /** The link to the current worker, which listens or is starting. */
  get link(): WorkerLink | undefined {
    return this.#link;
  }

  /** The listening worker, if there is one. */
  get listening(): { readonly pid: number; readonly link: WorkerLink } | undefined {
    if (!this.#isReady || this.#link === undefined || this.#process === undefined) return undefined;
    return { pid: this.#process.pid, link: this.#link };
  }

  /** How often a worker that ended was replaced. */
  get restarts(): number {
    return this.#restarts.count;
  }

  /** Tells the worker to stop, and kills it if it has not after `milliseconds`. */
  async close(milliseconds: number): Promise<void> {
    this.#isClosing = true;
    this.#restarts.cancel();
    await this.#finish(milliseconds);
  }

  /**
   * Has the worker give way to a new one, for what only a new one gets. It finishes, within `milliseconds`; resolves when
   * the other listens. Nothing is done when a worker is about to be started anyway. One renewal follows another.
   */
  renew(milliseconds: number): Promise<void> {
    this.#renewed = this.#renewed.then(() => this.#renew(milliseconds));
    return this.#renewed;
  }

  async #renew(milliseconds: number): Promise<void> {
    await this.#begun;
    if (this.#isClosing || this.#process === undefined) return;
    this.#isRenewing = true;
    await this.#finish(milliseconds);
    this.#isRenewing = false;
    if (this.#isClosing) return;
    try {
      await this.#start();
    } catch (error) {
      const pauseMs = this.#restarts.schedule(0);
      const reason = reasonOf(error);
      this.#parts.log.error('A worker cannot be started.', { reason, afterSeconds: pauseMs / 1000 });
    }
  }

  async #finish(milliseconds: number): Promise<void> {
    this.#link?.tell('stop', undefined);
    const timer = setTimeout(() => this.#process?.kill(), milliseconds);
    await this.#exited;
    clearTimeout(timer);
  }

  /** @throws LinkError if no process can be started. Rejects if it does not listen. */
  #start(): Promise<void> {
    const { spawn, handlers, begin, now } = this.#parts;
    const process = spawnOrFail(spawn);
    const link: WorkerLink = new Link(process, handlers);
    const startedAt = now();
    const watch = watchAnswers(link, {
      maxSilentLooks: () => (this.#isReady ? MAX_SILENT_LOOKS : MAX_SILENT_LOOKS_AT_START),
      onSilent: () => process.kill(),
    });
    this.#process = process;
    this.#link = link;
    this.#exited = new Promise((resolve) => {
      process.onExit((signalOrCode) => {
        watch.stop();
        const why = watch.isSilent ? 'it does not answer' : signalOrCode;
        this.#isReady = false;
        this.#process = undefined;
        this.#link = undefined;
        link.close(`the worker ended: ${why}`);
        resolve();
        // The first start is not retried: its failure is reported to the person who started the program.
        if (this.#wasReady && !this.#isRenewing) this.#replace(process.pid, why, now() - startedAt);
      });
    });
    const begun = begin(link).then(
      () => {
        this.#isReady = true;
        this.#wasReady = true;
      },
      (error: unknown) => {
        // A worker that does not listen is useless, and has no queries in flight.
        process.kill();
        throw error;
      },
    );
    const settled = () => {};
    this.#begun = begun.then(settled, settled);
    return begun;
  }

  #replace(pid: number, why: string, livedMs: number): void {
    if (this.#isClosing) return;
    const pauseMs = this.#restarts.schedule(livedMs);
    const message = 'A worker ended and will be replaced. The other workers answer meanwhile.';
    this.#parts.log.warn(message, { pid, why, afterSeconds: pauseMs / 1000 });
  }

  #restart(): void {
    this.#start().catch((error: unknown) => {
      if (!this.#isClosing) this.#parts.log.error('A new worker cannot listen.', { reason: reasonOf(error) });
    });
  }
}

function spawnOrFail(spawn: SpawnWorker): WorkerProcess {
  try {
    return spawn();
  } catch (cause) {
    // Out of processes, descriptors or memory: an error of the system, not a bug.
    throw new LinkError(`no process can be started: ${reasonOf(cause)}`, { cause });
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Health checks for as long as the worker runs. */
function watchAnswers(
  link: WorkerLink,
  { maxSilentLooks, onSilent }: { readonly maxSilentLooks: () => number; readonly onSilent: () => void },
): { readonly isSilent: boolean; stop(): void } {
  let silentLooks = 0;
  let isWaiting = false;
  let isSilent = false;
  const ask = () => {
    isWaiting = true;
    silentLooks = 0;
    const answered = () => {
      isWaiting = false;
    };
    // An error is a response too, and `exit` reports a worker that ended.
    link.ask('areYouThere', undefined).then(answered, answered);
  };
  const timer = setInterval(() => {
    if (!isWaiting) ask();
    else if (++silentLooks >= maxSilentLooks()) {
      isSilent = true;
      onSilent();
    }
  }, LOOK_MS);
  timer.unref();
  return {
    get isSilent() {
      return isSilent;
    },
    stop: () => clearInterval(timer),
  };
}
