import { Restarts } from '../async/restarts.ts';
import type { Log } from '../observe/log.ts';
import type { SpawnWorker, WorkerProcess } from '../system/worker-process.ts';
import { type Handlers, Link, LinkError } from './link.ts';
import type { PrimaryCalls, WorkerCalls } from './messages.ts';

/**
 * Milliseconds between two looks at whether a worker answers. Looks are counted, not time: when it is the primary that
 * stood still, or all did, no more than one look is due, and the answers come before the next.
 */
const LOOK_MS = 2_500;
/** Looks at which the answer to one question is still not there, until the worker is ended: 10 s. */
const MAX_SILENT_LOOKS = 4;
/** The same for one that does not listen yet, on a machine however slow: half a minute. */
const MAX_SILENT_LOOKS_AT_START = 12;

/** The primary's end of the line to a worker. */
export type WorkerLink = Link<WorkerCalls, PrimaryCalls>;

/** What a slot works with. */
export interface WorkerSlotParts {
  readonly spawn: SpawnWorker;
  /** What answers the worker of this slot. */
  readonly handlers: Handlers<PrimaryCalls>;
  /** Has a new worker begin to listen. Rejects when it cannot. */
  readonly begin: (link: WorkerLink) => Promise<void>;
  readonly log: Log;
  /** Milliseconds, never going back. */
  readonly now: () => number;
}

/** One of the pool's worker processes: it is replaced when it ends, as often as that happens. */
export class WorkerSlot {
  readonly #parts: WorkerSlotParts;
  #process: WorkerProcess | undefined;
  #link: WorkerLink | undefined;
  #isReady = false;
  #wasReady = false;
  #isClosing = false;
  #isRenewing = false;
  readonly #restarts: Restarts;
  /** Settles when the worker that was started last listens, or does not. */
  #begun: Promise<void> = Promise.resolve();
  #exited: Promise<void> = Promise.resolve();

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

  /** Starts the first worker. Rejects when it cannot begin; then no other is started. @throws LinkError, or what `begin` throws. */
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

  /** How often a worker was started in place of one that ended. */
  get restarts(): number {
    return this.#restarts.count;
  }

  /** Tells the worker to finish, and ends it when it has not after `milliseconds`. */
  async close(milliseconds: number): Promise<void> {
    this.#isClosing = true;
    this.#restarts.cancel();
    await this.#finish(milliseconds);
  }

  /**
   * Has the worker give way to a new one, for what only a new one gets. It finishes, within `milliseconds`; resolves when
   * the other listens. Nothing is done when a worker is about to be started anyway.
   */
  async renew(milliseconds: number): Promise<void> {
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

  /** @throws LinkError when no process can be started; rejects when it does not listen. */
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
        // What could not begin at all is not tried again: whoever started the program is told instead.
        if (this.#wasReady && !this.#isRenewing) this.#replace(process.pid, why, now() - startedAt);
      });
    });
    const begun = begin(link).then(
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
      if (!this.#isClosing) this.#parts.log.error('A worker does not listen.', { reason: reasonOf(error) });
    });
  }
}

function spawnOrFail(spawn: SpawnWorker): WorkerProcess {
  try {
    return spawn();
  } catch (cause) {
    // Out of processes, descriptors or memory: the system's word, and nobody's bug.
    throw new LinkError(`no process can be started: ${reasonOf(cause)}`, { cause });
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Asks a worker again and again whether it is there, for as long as it lives. */
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
    // A worker that says that it cannot answer does answer, and of one that ended `exit` tells.
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
