import { closeSync } from 'node:fs';
import type { Worker } from 'node:worker_threads';
import { BackOff } from '../async/back-off.ts';
import { throwLater } from '../async/throw-later.ts';
import { withTimeout } from '../async/with-timeout.ts';
import { type ListenAddress, listenAddressToText } from '../config/listen-address.ts';
import { describeInternalError, type InternalError } from '../observe/internal-error.ts';
import type { Log } from '../observe/log.ts';
import type { CopyListening } from '../system/listening/copy-listening.ts';
import { CallAnswers } from './calls/answer-calls.ts';
import type { Calls } from './calls/calls.ts';
import { type HttpStatus, tellRefusal } from './http-status.ts';
import type { FromThread, ThreadSettings, ToThread } from './messages.ts';
import { type HandedSocket, HandedSockets } from './sockets/handed-sockets.ts';
import { HttpSockets } from './sockets/http-sockets.ts';
import type { SocketRequest } from './sockets/open-server.ts';
import { HttpListenError } from './sockets/open-servers.ts';
import { type SpawnHttpThread, spawnHttpThread } from './thread/spawn.ts';

/** What of the settings concerns the HTTP side. */
export interface HttpSettings {
  /** Where to listen, with the descriptors of sockets that were handed over; empty when it is off. */
  readonly sockets: readonly SocketRequest[];
  /** All sockets that were handed over for it, used or not. */
  readonly handed?: readonly HandedSocket[];
  readonly thread: ThreadSettings;
}

/** What it needs of the rest of the program. */
export interface HttpParts {
  /** Loads what answers the thread's questions, for its first start. */
  readonly calls: () => Promise<Calls>;
  readonly log: Log;
  readonly onInternalError: (error: InternalError) => void;
  /** Others in tests. */
  readonly spawn?: SpawnHttpThread;
  readonly copy?: CopyListening;
  readonly tryAgainMs?: number;
  readonly answerMs?: number;
}

/** Milliseconds until an address that was not to be had is tried again. */
const TRY_AGAIN = 10_000;

/**
 * The HTTP side, in a thread of its own with its own memory: whatever happens there, DNS does not notice. The first connection
 * starts the thread, and the next one after it ended; with addresses beyond this machine it is started at once. It has no key but that
 * of the certificate, if it speaks TLS, no state directory and no upstream: it asks for packets and
 * addresses by messages.
 */
export class HttpSide {
  readonly #parts: HttpParts;
  #settings: HttpSettings = {
    sockets: [],
    thread: { privateKeys: [], petnames: [], names: [], relayOrigins: [], proxies: [], allowFrom: [] },
  };
  #sockets: HttpSockets | undefined;
  #refusal: HttpListenError | undefined;
  #retry: NodeJS.Timeout | undefined;
  #calls: Calls | undefined;
  #worker: Worker | undefined;
  #isRunning = false;
  #starts = 0;
  readonly #backOff = new BackOff();
  /** Milliseconds on the clock of `performance`. */
  #notBefore = 0;
  #start: NodeJS.Timeout | undefined;
  #isClosed = false;
  readonly #handed = new HandedSockets();
  /** Settles when nothing is being opened. */
  #opening = Promise.resolve();

  constructor(parts: HttpParts) {
    this.#parts = parts;
  }

  /** Listens where the settings say from now on. What is not to be had is logged, and tried again. */
  async apply(settings: HttpSettings): Promise<void> {
    const before = this.#settings;
    const isElsewhere = textOf(before.sockets) !== textOf(settings.sockets);
    this.#settings = isElsewhere ? settings : { ...settings, sockets: before.sockets };
    if (isElsewhere) {
      await this.#stop();
      await this.#open();
    }
    for (const socket of settings.handed ?? []) this.#handed.hold(socket);
    this.#worker?.postMessage({ kind: 'settings', settings: settings.thread } satisfies ToThread);
  }

  /** How it does now. */
  status(): HttpStatus {
    if (this.#refusal !== undefined) {
      const { address, code, holders } = this.#refusal;
      return { state: 'refused', address: listenAddressToText(address), code, holders };
    }
    if (this.#sockets === undefined) return { state: 'off' };
    return {
      state: this.#isRunning ? 'running' : 'waiting',
      addresses: this.#sockets.texts,
      starts: this.#starts,
    };
  }

  /** Where it listens. */
  get addresses(): readonly ListenAddress[] {
    return this.#sockets?.addresses ?? [];
  }

  /** Ends the thread and closes everything. */
  async close(): Promise<void> {
    this.#isClosed = true;
    // First, so that nothing more is taken of what waits for the next process.
    await this.#handed.close();
    await this.#letAnswer();
    await this.#stop();
  }

  /** Who was accepted while the thread started cannot be left to the next process: the thread is waited for, and its answers. */
  async #letAnswer(): Promise<void> {
    const answered = this.#sockets?.answered();
    if (answered !== undefined) await withTimeout(answered, this.#parts.answerMs ?? ANSWER_MS, () => {});
  }

  #open(): Promise<void> {
    this.#opening = this.#openOnce();
    return this.#opening;
  }

  async #openOnce(): Promise<void> {
    const { sockets: wanted } = this.#settings;
    if (wanted.length === 0 || this.#isClosed) return;
    try {
      const sockets = await HttpSockets.open(wanted, {
        onNeeded: () => this.#need(),
        handed: this.#handed,
        copy: this.#parts.copy,
      });
      if (this.#isClosed || this.#settings.sockets !== wanted) return sockets.close();
      this.#sockets = sockets;
      if (wanted.some(({ isSecure }) => isSecure)) this.#need();
      if (this.#refusal !== undefined)
        this.#parts.log.info('Key sites can be opened in browsers again.', { listen: String(sockets) });
      this.#refusal = undefined;
    } catch (error) {
      if (!(error instanceof HttpListenError)) throw error;
      if (this.#refusal?.message !== error.message) tellRefusal(this.#parts.log, error);
      this.#refusal = error;
      this.#retry = setTimeout(
        () => this.#open().catch((bug: unknown) => this.#bug(bug)),
        this.#parts.tryAgainMs ?? TRY_AGAIN,
      ).unref();
    }
  }

  async #stop(): Promise<void> {
    clearTimeout(this.#retry);
    // What it throws is told to who opened it.
    await Promise.allSettled([this.#opening]);
    clearTimeout(this.#retry);
    clearTimeout(this.#start);
    this.#start = undefined;
    this.#refusal = undefined;
    const sockets = this.#sockets;
    this.#sockets = undefined;
    await this.#endThread();
    sockets?.close();
  }

  async #endThread(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    if (worker === undefined) return;
    this.#isRunning = false;
    const exited = new Promise((resolve) => worker.once('exit', resolve));
    worker.postMessage({ kind: 'close' } satisfies ToThread);
    const tooLong = setTimeout(() => {
      worker.terminate().catch((error: unknown) => this.#bug(error));
    }, CLOSE_MS);
    await exited;
    clearTimeout(tooLong);
  }

  /** Somebody has connected, and the thread does not run. */
  #need(): void {
    if (this.#worker !== undefined || this.#start !== undefined) return;
    const wait = Math.max(0, this.#notBefore - performance.now());
    this.#start = setTimeout(() => {
      const sockets = this.#sockets;
      if (sockets === undefined) return;
      this.#startThread(sockets)
        .catch((error: unknown) => this.#failed(error, sockets))
        .then(() => {
          this.#start = undefined;
        }, throwLater);
    }, wait);
  }

  async #startThread(sockets: HttpSockets): Promise<void> {
    const calls = this.#calls ?? (await this.#parts.calls());
    this.#calls = calls;
    const given = await sockets.copies();
    if (sockets !== this.#sockets) {
      for (const { descriptor } of given) closeSync(descriptor);
      return;
    }
    const startedAt = performance.now();
    this.#starts++;
    const worker = (this.#parts.spawn ?? spawnHttpThread)({
      sockets: given,
      settings: this.#settings.thread,
    });
    this.#worker = worker;
    const answers = new CallAnswers(
      calls,
      (message) => worker.postMessage(message),
      // As one that a query of DNS meets: however often a page causes it, the program goes on.
      (error) => this.#parts.onInternalError(describeInternalError('query', 'main', error)),
    );
    let cause: unknown;
    worker.on('message', (message: FromThread) => this.#receive(message, worker, answers));
    worker.on('error', (error) => {
      cause = error;
    });
    worker.once('exit', (code) => {
      answers.cancelAll();
      if (worker !== this.#worker) return;
      this.#ended(cause ?? new Error(`exit code ${code}`), performance.now() - startedAt, sockets);
    });
  }

  #receive(message: FromThread, worker: Worker, answers: CallAnswers<Calls>): void {
    switch (message.kind) {
      case 'warning':
        process.emitWarning(message.message, message.name);
        return;
      case 'listening':
        if (worker !== this.#worker) return;
        this.#isRunning = true;
        this.#sockets?.handOver();
        return;
      case 'call':
        answers.take(message);
        return;
      case 'cancel':
        answers.cancel(message.call);
        return;
      case 'log':
        this.#parts.log[message.level](message.message, message.fields);
        return;
      case 'internal-error':
        this.#parts.onInternalError(message.error);
    }
  }

  /** The thread ended although nobody asked it to: its sockets listen here again, and the next connection starts another. */
  #ended(cause: unknown, livedMs: number, sockets: HttpSockets): void {
    this.#worker = undefined;
    this.#isRunning = false;
    this.#notBefore = performance.now() + this.#backOff.ended(livedMs);
    this.#parts.log.error('The thread of the HTTP side ended. The next connection starts another.', {
      reason: cause instanceof Error ? cause.message : String(cause),
    });
    sockets.takeBack().catch((error: unknown) => this.#bug(error));
  }

  /** The thread could not be started. */
  #failed(error: unknown, sockets: HttpSockets): void {
    // It was not wanted any more.
    if (sockets !== this.#sockets) return;
    this.#notBefore = performance.now() + this.#backOff.ended(0);
    this.#parts.log.error('The thread of the HTTP side cannot be started.', {
      reason: error instanceof Error ? error.message : String(error),
    });
    sockets.takeBack().catch((bug: unknown) => this.#bug(bug));
  }

  #bug(error: unknown): void {
    this.#parts.onInternalError(describeInternalError('exception', 'main', error));
  }
}

/**
 * Milliseconds at the end of the program for who was accepted before the thread was there: it takes a fifth of that to start, and a
 * connection that a browser opened ahead asks nothing.
 */
const ANSWER_MS = 1_000;

/** Milliseconds that the thread has to end by itself, for which it takes `limits.closeMs`. */
const CLOSE_MS = 1_000;

function textOf(sockets: readonly SocketRequest[]): string {
  return sockets
    .map(
      ({ address, descriptor, isSecure }) =>
        `${listenAddressToText(address)} ${descriptor ?? ''} ${isSecure === true}`,
    )
    .join('\n');
}
