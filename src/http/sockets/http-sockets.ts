import { closeSync } from 'node:fs';
import { connect, type Server, type Socket } from 'node:net';
import { type ListenAddress, listenAddressToText } from '../../config/listen-address.ts';
import { type CopyListening, copyListening } from '../../system/listening/copy-listening.ts';
import { openServer, openServers, type SocketRequest } from './open-servers.ts';

/** A socket that listens, for the thread. */
export interface GivenSocket {
  readonly address: ListenAddress;
  readonly descriptor: number;
}

/** Connections that wait for the thread; a browser opens six at once. More are closed. */
const MAX_WAITING = 64;

/**
 * The listening sockets of the HTTP side. They listen here until somebody connects; then the thread gets copies and takes the
 * connections. A copy stays here, so that the port is held while the thread is down, and who connects then waits.
 */
export class HttpSockets {
  readonly addresses: readonly ListenAddress[];
  readonly #copy: CopyListening;
  readonly #onNeeded: () => void;
  /** They listen here; empty while the thread listens. */
  #servers: readonly Server[];
  /** What is kept while the thread listens. */
  #kept: readonly number[] = [];
  readonly #waiting = new Set<Socket>();

  /**
   * Listens on all addresses of this machine that are asked for, or on none.
   * @param onNeeded called for each connection that waits for the thread.
   * @throws HttpListenError for an address that somebody else has, or that must not be had.
   */
  static async open(
    requests: readonly SocketRequest[],
    onNeeded: () => void,
    copy: CopyListening = copyListening,
  ): Promise<HttpSockets> {
    const opened = await openServers(requests);
    return new HttpSockets(opened, onNeeded, copy);
  }

  private constructor(
    opened: readonly { readonly address: ListenAddress; readonly server: Server }[],
    onNeeded: () => void,
    copy: CopyListening,
  ) {
    this.addresses = opened.map(({ address }) => address);
    this.#onNeeded = onNeeded;
    this.#copy = copy;
    this.#servers = opened.map(({ server }) => server);
    for (const server of this.#servers) this.#takeConnections(server);
  }

  /** Whether connections arrive here, and not in the thread. */
  get listensHere(): boolean {
    return this.#servers.length > 0;
  }

  /** Number of connections that wait for the thread. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Copies for the thread, which closes them when it ends. Rejects with an Error; then everything is as it was. */
  async copies(): Promise<readonly GivenSocket[]> {
    const servers = this.#servers;
    const all = await this.#copy([...servers, ...servers]);
    if (this.#servers !== servers) {
      for (const descriptor of all) closeSync(descriptor);
      throw new Error('the sockets were closed');
    }
    this.#closeKept();
    this.#kept = all.slice(servers.length);
    return this.addresses.map((address, index) => ({ address, descriptor: all[index] as number }));
  }

  /** The thread listens: nothing more is taken here, and who waits is connected to it. */
  handOver(): void {
    this.#stopListening();
    for (const socket of this.#waiting) this.#passOn(socket);
    this.#waiting.clear();
  }

  /** The thread has ended: its sockets listen here again. Rejects with the system's error. */
  async takeBack(): Promise<void> {
    if (this.listensHere) {
      this.#drop();
      return;
    }
    const kept = this.#kept;
    this.#kept = [];
    this.#servers = await Promise.all(
      this.addresses.map((address, index) => openServer({ address, descriptor: kept[index] })),
    );
    for (const server of this.#servers) this.#takeConnections(server);
  }

  /** Listens no more, and closes who waits. */
  close(): void {
    this.#stopListening();
    this.#closeKept();
    this.#drop();
  }

  #stopListening(): void {
    for (const server of this.#servers) server.close();
    this.#servers = [];
  }

  #closeKept(): void {
    for (const descriptor of this.#kept) closeSync(descriptor);
    this.#kept = [];
  }

  #drop(): void {
    for (const socket of this.#waiting) socket.destroy();
    this.#waiting.clear();
  }

  #takeConnections(server: Server): void {
    server.on('connection', (socket) => {
      socket.on('error', () => socket.destroy());
      if (!this.listensHere) this.#passOn(socket);
      else if (this.#waiting.size >= MAX_WAITING) socket.destroy();
      else this.#wait(socket);
    });
    // Accepting fails when there are no file descriptors, and is tried again by itself.
    server.on('error', () => {});
  }

  #wait(socket: Socket): void {
    this.#waiting.add(socket);
    socket.once('close', () => this.#waiting.delete(socket));
    this.#onNeeded();
  }

  /** Connects a client that was accepted here to the thread, which listens at the same address. */
  #passOn(socket: Socket): void {
    const address = this.addresses.find(
      ({ host, port }) => host === socket.localAddress && port === socket.localPort,
    );
    if (address === undefined) {
      socket.destroy();
      return;
    }
    const peer = connect({ ...address, allowHalfOpen: true });
    const end = () => {
      socket.destroy();
      peer.destroy();
    };
    peer.on('error', end);
    peer.once('close', end);
    socket.once('close', end);
    socket.pipe(peer);
    peer.pipe(socket);
  }

  /** The addresses, for the log. */
  toString(): string {
    return this.addresses.map(listenAddressToText).join(',');
  }
}
