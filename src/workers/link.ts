import { orAborted } from '../async/or-aborted.ts';
import { throwLater } from '../async/throw-later.ts';
import type { Peer } from '../system/worker-process.ts';

/** The calls that one side of a link handles, by name, with request and response types. A call without `out` has no response. */
export type Calls = Readonly<Record<string, { readonly in: unknown; readonly out?: unknown }>>;

type Out<C> = C extends { readonly out: infer T } ? T : unknown;

/** The handlers of the calls. `signal` aborts when the caller no longer waits. */
export type Handlers<C extends Calls> = {
  readonly [K in keyof C]: (body: C[K]['in'], signal: AbortSignal) => Out<C[K]> | Promise<Out<C[K]>>;
};

/** A message of the link. An `ask` with number 0 wants no answer. */
type Crossing =
  | { readonly kind: 'ask'; readonly call: number; readonly name: string; readonly body: unknown }
  | { readonly kind: 'answer'; readonly call: number; readonly body: unknown }
  | { readonly kind: 'failed'; readonly call: number; readonly message: string }
  | { readonly kind: 'cancel'; readonly call: number };

/** The other process could not be asked, ended before it answered, or failed. */
export class LinkError extends Error {
  override readonly name = 'LinkError';
}

interface Waiting {
  readonly resolve: (body: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Requests and responses between two processes, in both directions. Messages are handled in the order in which they were
 * sent.
 */
export class Link<Theirs extends Calls, Mine extends Calls> {
  readonly #peer: Peer;
  readonly #handlers: Handlers<Mine>;
  readonly #waiting = new Map<number, Waiting>();
  readonly #answering = new Map<number, AbortController>();
  #nextCall = 1;
  #closed: LinkError | undefined;

  constructor(peer: Peer, handlers: Handlers<Mine>) {
    this.#peer = peer;
    this.#handlers = handlers;
    // Both sides run this file, and nothing else uses the channel.
    peer.onMessage((message) => this.#take(message as Crossing));
  }

  /** Sends a request and waits for the response. @throws LinkError, or the signal's reason. */
  async ask<K extends keyof Theirs & string>(
    name: K,
    body: Theirs[K]['in'],
    signal?: AbortSignal,
  ): Promise<Out<Theirs[K]>> {
    if (this.#closed !== undefined) throw this.#closed;
    signal?.throwIfAborted();
    const call = this.#nextCall++;
    const answer = new Promise<unknown>((resolve, reject) => this.#waiting.set(call, { resolve, reject }));
    this.#send({ kind: 'ask', call, name, body });
    try {
      // The types hold on both sides: both run this program.
      return (await (signal === undefined ? answer : orAborted(answer, signal))) as Out<Theirs[K]>;
    } finally {
      // Still pending: the wait was aborted.
      if (this.#waiting.delete(call)) this.#send({ kind: 'cancel', call });
    }
  }

  /** Sends a message that needs no response; it is dropped if the other process has ended. */
  tell<K extends keyof Theirs & string>(name: K, body: Theirs[K]['in']): void {
    if (this.#closed === undefined) this.#send({ kind: 'ask', call: 0, name, body });
  }

  /** The other process has ended: pending requests to it fail, and its own pending requests are aborted. */
  close(why: string): void {
    this.#closed ??= new LinkError(why);
    for (const { reject } of this.#waiting.values()) reject(this.#closed);
    this.#waiting.clear();
    for (const controller of this.#answering.values()) controller.abort(this.#closed);
  }

  #send(crossing: Crossing): void {
    this.#peer.send(crossing);
  }

  #take(crossing: Crossing): void {
    switch (crossing.kind) {
      case 'ask':
        this.#answer(crossing).catch(throwLater);
        return;
      case 'answer':
        this.#settled(crossing.call)?.resolve(crossing.body);
        return;
      case 'failed':
        this.#settled(crossing.call)?.reject(new LinkError(crossing.message));
        return;
      case 'cancel':
        this.#answering.get(crossing.call)?.abort(new LinkError('The caller no longer waits.'));
    }
  }

  async #answer({ call, name, body }: Extract<Crossing, { kind: 'ask' }>): Promise<void> {
    const controller = new AbortController();
    if (call !== 0) this.#answering.set(call, controller);
    try {
      const handler = this.#handlers[name];
      if (handler === undefined) throw new LinkError(`unknown request: ${name}`);
      const answer = await handler(body, controller.signal);
      if (call !== 0) this.#send({ kind: 'answer', call, body: answer });
    } catch (error) {
      const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
      if (call !== 0 && !controller.signal.aborted) this.#send({ kind: 'failed', call, message });
    } finally {
      this.#answering.delete(call);
    }
  }

  #settled(call: number): Waiting | undefined {
    const waiting = this.#waiting.get(call);
    this.#waiting.delete(call);
    return waiting;
  }
}
