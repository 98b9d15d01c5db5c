import type { Log } from '../observe/log.ts';
import type { SpawnWorker, WorkerProcess } from '../system/worker-process.ts';
import { type Handlers, Link } from './link.ts';
import type { PrimaryCalls, WorkerCalls } from './messages.ts';

/** Milliseconds until a worker that ended is replaced; each end soon after a start doubles it, up to the maximum. */
const RESTART_MS = 100;
const MAX_RESTART_MS = 30_000;
/** A worker that lived for so many milliseconds was well, and the pauses begin anew. */
const WELL_MS = 60_000;

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

/** What a place works with. */
export interface WorkerSlotParts {
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
export class WorkerSlot {
  readonly #parts: WorkerSlotParts;
  #process: WorkerProcess | undefined;
  #link: WorkerLink | undefined;
  #isReady = false;
  #wasReady = false;
  #isClosing = false;
  #restarts = 0;
  #pauseMs = RESTART_MS;
  #timer: NodeJS.Timeout | undefined;
  #exited: Promise<void> = Promise.resolve();

  constructor(parts: WorkerSlotParts) {
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
