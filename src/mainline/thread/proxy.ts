import type { Worker } from 'node:worker_threads';
import { EventQueue } from '../../async/event-queue.ts';
import { Restarts } from '../../async/restarts.ts';
import { VerifiedItem } from '../../bep44/verified-item.ts';
import type {
  ControlledDhtNode,
  DhtStatus,
  LookupEvent,
  LookupOptions,
  NodeAddress,
  PutOptions,
  PutOutcome,
  ServingChange,
  ServingConditions,
} from '../dht-node.ts';
import { MainlineError } from '../errors.ts';
import {
  checkAddresses,
  checkOptions,
  type MainlineOptions,
  plainAddresses,
  plainOptions,
} from '../options.ts';
import { copyOf } from '../wire/bytes.ts';
import type { FromThread, ThreadEvent, ToThread } from './messages.ts';
import { messagesOf, Outbox } from './outbox.ts';
import { PendingCalls } from './pending-calls.ts';
import { settledOnce } from './settled-once.ts';
import { type SpawnDhtThread, spawnDhtThread } from './spawn.ts';

/** A node in a thread of its own. */
export interface MainlineThread extends ControlledDhtNode {
  /** How often the thread ended and was replaced. */
  readonly restarts: number;
}

/**
 * Starts a node in a thread of its own, so that a fault in the DHT does not stop anything else. When the thread ends, calls in
 * progress fail with `thread-died`, and a new thread starts with the nodes that the last one knew; until then calls fail with
 * `unavailable`, and `ready` remains pending. Resolves when the port is bound; rejects with MainlineError of kind `bind-failed`,
 * `invalid-argument` or `thread-died`.
 *
 * @param onServing called when a node with `serve: 'auto'` begins to serve and when it stops.
 */
export async function startMainlineThread(
  options: MainlineOptions,
  spawn: SpawnDhtThread = spawnDhtThread,
  onServing: (change: ServingChange) => void = () => {},
): Promise<MainlineThread> {
  checkOptions(options);
  const node = new ThreadedNode(plainOptions(options), spawn, onServing);
  node.start();
  await node.started;
  return node;
}

class ThreadedNode implements MainlineThread {
  readonly started: Promise<void>;
  #options: MainlineOptions;
  readonly #spawn: SpawnDhtThread;
  readonly #onServing: (change: ServingChange) => void;
  /** Whether the node serves by itself. */
  #isServing = false;
  readonly #calls = new PendingCalls({
    check: () => this.#checkUp(),
    say: (message) => {
      if (this.#up) this.#say(message);
    },
  });
  readonly #ready = settledOnce();
  readonly #started = settledOnce();
  /** To the thread of the moment; what waits when it ends is of calls that failed with it. */
  readonly #outbox = new Outbox<ToThread>((messages) => this.#worker?.postMessage(messages));
  #worker: Worker | undefined;
  /** Whether the current thread has bound its port. */
  #up = false;
  #remembered: readonly NodeAddress[];
  // A thread that cannot be started counts in `restarts`, and the next pause is longer.
  readonly #restarts = new Restarts({ start: () => this.#start(), onFailure: () => {} });
  #closed: Promise<void> | undefined;

  constructor(options: MainlineOptions, spawn: SpawnDhtThread, onServing: (change: ServingChange) => void) {
    this.#options = options;
    this.#spawn = spawn;
    this.#onServing = onServing;
    this.#remembered = options.nodes ?? [];
    this.started = this.#started.promise;
    // Callers of ready() see a rejection. Without a caller it must not be an unhandled rejection.
    this.#ready.promise.catch(() => {});
  }

  /** Starts the first thread. */
  start(): void {
    try {
      this.#start();
    } catch (cause) {
      // There is no memory or no permission for another thread.
      const reason = cause instanceof Error ? cause.message : String(cause);
      const message = `cannot start the thread of the DHT: ${reason}`;
      this.#started.reject(new MainlineError('thread-died', message, { cause }));
    }
  }

  get restarts(): number {
    return this.#restarts.count;
  }

  async *lookup(key: Uint8Array, options: LookupOptions): AsyncGenerator<LookupEvent, void, undefined> {
    const { signal, seq, isWatched = false, isBrief = false } = options;
    signal.throwIfAborted();
    const events = new EventQueue<LookupEvent>();
    const items: VerifiedItem[] = [];
    const call = this.#calls.open(
      (number) => ({ kind: 'lookup', call: number, key: copyOf(key), seq, isWatched, isBrief }),
      {
        event: (event) => {
          const received = toLookupEvent(event, items);
          if (received === undefined) events.fail(misdirected());
          else events.push(received);
        },
        result: (result) => {
          if (result.of !== 'lookup') return events.fail(misdirected());
          const { summary } = result;
          if (summary !== undefined) events.push({ kind: 'done', summary });
          events.end();
        },
        failed: (error) => events.fail(error),
      },
    );
    const onAbort = () => events.fail(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      yield* events.values();
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#calls.cancel(call);
    }
  }

  async put(item: VerifiedItem, options: PutOptions): Promise<PutOutcome> {
    const { cas, observe, signal } = options;
    signal.throwIfAborted();
    const isWatched = observe !== undefined;
    const message = (call: number) => ({ kind: 'put', call, item, cas, isWatched }) as const;
    const result = await this.#calls.ask(message, { signal, putEvent: observe });
    if (result.of !== 'put') throw misdirected();
    return result.outcome;
  }

  async status(): Promise<DhtStatus> {
    const result = await this.#calls.ask((call) => ({ kind: 'status', call }));
    if (result.of !== 'status') throw misdirected();
    return result.status;
  }

  async knownNodes(): Promise<readonly NodeAddress[]> {
    const result = await this.#calls.ask((call) => ({ kind: 'known-nodes', call }));
    if (result.of !== 'known-nodes') throw misdirected();
    return result.nodes;
  }

  setBootstrap(addresses: readonly NodeAddress[]): void {
    checkAddresses(addresses);
    const plain = plainAddresses(addresses);
    this.#options = { ...this.#options, bootstrap: plain };
    if (this.#up) this.#say({ kind: 'bootstrap', addresses: plain });
  }

  wake(): void {
    if (this.#up) this.#say({ kind: 'wake' });
  }

  setServingConditions({ hosts, metered }: ServingConditions): void {
    const conditions = { hosts: [...hosts], metered: [...metered] };
    if (this.#up) this.#say({ kind: 'serving-conditions', conditions });
  }

  networkChanged(): void {
    if (this.#up) this.#say({ kind: 'network-changed' });
  }

  ready(): Promise<void> {
    return this.#ready.promise;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#restarts.cancel();
    if (this.#isServing) this.#tellServing({ kind: 'ended', reason: 'closed' });
    const reason = new MainlineError('closed', 'the DHT node was closed');
    this.#calls.failAll(reason);
    this.#ready.reject(reason);
    const worker = this.#worker;
    if (worker === undefined) return;
    const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    if (this.#up) this.#say({ kind: 'close' });
    else await worker.terminate();
    await exited;
  }

  #start(): void {
    const worker = this.#spawn({ ...this.#options, nodes: this.#remembered });
    this.#worker = worker;
    const startedAt = performance.now();
    let cause: unknown;
    worker.on('message', (sent: FromThread | readonly FromThread[]) => {
      for (const message of messagesOf(sent)) this.#receive(message);
    });
    worker.on('error', (error) => {
      cause = error;
    });
    worker.on('exit', (code) => {
      const why = cause instanceof Error ? cause.message : `exit code ${code}`;
      this.#end(
        new MainlineError('thread-died', `the thread of the DHT ended: ${why}`, { cause }),
        startedAt,
      );
    });
  }

  #receive(message: FromThread): void {
    switch (message.kind) {
      case 'warning':
        process.emitWarning(message.message, message.name);
        return;
      case 'started':
        this.#up = true;
        this.#started.resolve();
        return;
      case 'start-failed':
        this.#started.reject(new MainlineError(message.problem.kind, message.problem.message));
        return;
      case 'ready':
        this.#ready.resolve();
        return;
      case 'remember':
        if (message.nodes.length > 0) this.#remembered = message.nodes;
        return;
      case 'serving':
        this.#tellServing(message.change);
        return;
      case 'event':
      case 'put-event':
      case 'result':
      case 'failed':
        this.#calls.receive(message);
    }
  }

  /** The thread ended: fails calls in progress, and starts another thread unless the node was closed. */
  #end(error: MainlineError, startedAt: number): void {
    const everUp = this.#started.settled === 'resolved';
    this.#worker = undefined;
    this.#up = false;
    this.#started.reject(error); // has no effect after a successful start
    this.#calls.failAll(error);
    if (this.#closed !== undefined || !everUp) return;
    if (this.#isServing) this.#tellServing({ kind: 'ended', reason: 'thread-died' });
    this.#restarts.schedule(performance.now() - startedAt);
  }

  #tellServing(change: ServingChange): void {
    this.#isServing = change.kind === 'began';
    this.#onServing(change);
  }

  #say(message: ToThread): void {
    this.#outbox.say(message);
  }

  /** @throws MainlineError when there is no thread to send a call to. */
  #checkUp(): void {
    if (this.#closed !== undefined) throw new MainlineError('closed', 'the DHT node was closed');
    if (!this.#up) throw new MainlineError('unavailable', 'the thread of the DHT is being started again');
  }
}

/**
 * The event of a message, or undefined if it refers to an item that was not sent. `items` are those sent before; a new item
 * is added to them.
 */
function toLookupEvent(event: ThreadEvent, items: VerifiedItem[]): LookupEvent | undefined {
  if (event.kind === 'item') {
    const item = VerifiedItem.fromOwnThread(event.item);
    items.push(item);
    return { kind: 'item', item, from: event.from };
  }
  if (event.kind !== 'item-again') return event;
  const item = items[event.number];
  return item && { kind: 'item', item, from: event.from };
}

/** The thread answered with a result of another kind, which is a bug. */
function misdirected(): Error {
  return new Error('the thread of the DHT answered with a result of another kind');
}
