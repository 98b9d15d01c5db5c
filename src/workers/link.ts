import { orAborted } from '../async/or-aborted.ts';
import { throwLater } from '../async/throw-later.ts';
import type { Peer } from '../system/worker-process.ts';

/** What one side of a link may be asked, by name: what goes in and what comes out. Without `out` it is told. */
export type Calls = Readonly<Record<string, { readonly in: unknown; readonly out?: unknown }>>;

type Out<C> = C extends { readonly out: infer T } ? T : unknown;

/** What answers the other side. `signal` aborts when nobody waits any more. */
export type Handlers<C extends Calls> = {
  readonly [K in keyof C]: (body: C[K]['in'], signal: AbortSignal) => Out<C[K]> | Promise<Out<C[K]>>;
};

/** What crosses. `ask` with number 0 wants no answer. */
type Crossing =
  | { readonly kind: 'ask'; readonly call: number; readonly name: string; readonly body: unknown }
  | { readonly kind: 'answer'; readonly call: number; readonly body: unknown }
  | { readonly kind: 'failed'; readonly call: number; readonly message: string }
  | { readonly kind: 'cancel'; readonly call: number };

/** The other side could not be asked, ended before it answered, or failed. */
export class LinkError extends Error {
  override readonly name = 'LinkError';
}

interface Waiting {
  readonly resolve: (body: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Questions and answers between two processes, in both directions. What one side sends is taken by the other in that
 * order.
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
    // Both sides run this file, and nobody else has the line.
    peer.onMessage((message) => this.#take(message as Crossing));
  }

  /** Asks, and waits for the answer. @throws LinkError, or the signal's reason. */
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
      // The other side answers with what its type says: both run this program.
      return (await (signal === undefined ? answer : orAborted(answer, signal))) as Out<Theirs[K]>;
    } finally {
      // Still there: the wait was given up.
      if (this.#waiting.delete(call)) this.#send({ kind: 'cancel', call });
    }
  }

  /** Says something that needs no answer; to nobody when the other side is gone. */
  tell<K extends keyof Theirs & string>(name: K, body: Theirs[K]['in']): void {
    if (this.#closed === undefined) this.#send({ kind: 'ask', call: 0, name, body });
  }

  /** The other side is gone: what waits for it fails, and what it waits for is ended. */
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
        this.#answering.get(crossing.call)?.abort(new LinkError('Nobody waits for it any more.'));
    }
  }

  async #answer({ call, name, body }: Extract<Crossing, { kind: 'ask' }>): Promise<void> {
    const controller = new AbortController();
    if (call !== 0) this.#answering.set(call, controller);
    try {
      const handler = this.#handlers[name];
      if (handler === undefined) throw new LinkError(`nobody knows how to ${name}`);
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
