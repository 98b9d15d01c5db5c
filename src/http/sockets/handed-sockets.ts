import { closeSync } from 'node:fs';
import type { Server } from 'node:net';
import { openServer, type SocketRequest } from './open-server.ts';

/** A socket that the service manager handed over. */
export interface HandedSocket extends SocketRequest {
  readonly descriptor: number;
}

/**
 * Sockets that the service manager handed over. It has them open too, so that their addresses can never be had again by binding:
 * each stays with us until the process ends. While one is of no use, who connects there is closed at once, and nobody else can
 * be there.
 */
export class HandedSockets {
  /** Descriptors that a server became the owner of: their numbers may be those of other files by now. */
  readonly #known = new Set<number>();
  readonly #idle = new Map<number, Promise<Server>>();
  #isClosed = false;

  /** A server at the socket, whose connections are paused. Rejects with the system's error. */
  async take(request: HandedSocket): Promise<Server> {
    const { address, descriptor } = request;
    const idle = this.#idle.get(descriptor);
    this.#idle.delete(descriptor);
    if (idle !== undefined) return (await idle).removeAllListeners('connection');
    if (this.#known.has(descriptor)) return await openServer({ address });
    this.#known.add(descriptor);
    return await openServer(request);
  }

  /** Keeps one that nobody has taken so far, if it is such. */
  hold(socket: HandedSocket): void {
    if (this.#known.has(socket.descriptor)) return;
    this.#known.add(socket.descriptor);
    this.giveBack(socket, socket.descriptor);
  }

  /** Gives back what was taken: the server, or the descriptor of another copy of its socket. */
  giveBack({ address, descriptor }: HandedSocket, now: Server | number): void {
    if (this.#isClosed) {
      if (typeof now === 'number') closeSync(now);
      else now.close();
      return;
    }
    const server = typeof now === 'number' ? openServer({ address, descriptor: now }) : Promise.resolve(now);
    const idle = server.then((one) =>
      one.removeAllListeners('connection').on('connection', (socket) => socket.destroy()),
    );
    // Told to who takes it next.
    idle.catch(() => {});
    this.#idle.set(descriptor, idle);
  }

  /** Closes what is not taken, and what is given back from now on. Rejects never. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const idle = await Promise.allSettled(this.#idle.values());
    this.#idle.clear();
    for (const one of idle) if (one.status === 'fulfilled') one.value.close();
  }
}
