import { closeSync } from 'node:fs';
import { connect, type Server, type Socket } from 'node:net';
import { type ListenAddress, listenAddressToText } from '../../config/listen-address.ts';
import { addressOctets } from '../../ip/address.ts';
import { ipClass } from '../../ip/address-class.ts';
import { type CopyListening, copyListening } from '../../system/listening/copy-listening.ts';
import type { HandedSockets } from './handed-sockets.ts';
import { openServer, type SocketRequest } from './open-server.ts';
import { leave, type OpenedServer, openServers } from './open-servers.ts';

/** A socket that listens, for the thread. */
export interface GivenSocket {
  readonly address: ListenAddress;
  readonly descriptor: number;
  readonly isSecure: boolean;
}

/** What it needs beside the addresses. */
export interface HttpSocketsParts {
  /** Called for each connection that waits for the thread. */
  readonly onNeeded: () => void;
  /** Where sockets that were handed over are taken from, and given back to. */
  readonly handed: HandedSockets;
  readonly copy?: CopyListening | undefined;
}

/** Connections that wait for the thread; a browser opens six at once, and has all of its tabs again after a restart. More are closed. */
const MAX_WAITING = 256;

/**
 * The listening sockets of the HTTP side. They listen here until somebody connects; then the thread gets copies and takes the
 * connections. A copy stays here, so that the port is held while the thread is down, and who connects then waits.
 */
export class HttpSockets {
  readonly addresses: readonly ListenAddress[];
  readonly #requests: readonly SocketRequest[];
  readonly #parts: HttpSocketsParts;
  /** They listen here; empty while the thread listens. */
  #servers: readonly Server[];
  /** What is kept while the thread listens. */
  #kept: readonly number[] = [];
  readonly #waiting = new Set<Socket>();
  /** Accepted here and without an answer so far, whether they wait or are connected to the thread. */
  readonly #unanswered = new Set<Socket>();
  #onAnswered = () => {};
  #isClosed = false;

  /**
   * Listens on all addresses of this machine that are asked for, or on none.
   * @throws HttpListenError for an address that somebody else has, or that must not be had.
   */
  static async open(requests: readonly SocketRequest[], parts: HttpSocketsParts): Promise<HttpSockets> {
    return new HttpSockets(await openServers(requests, parts.handed), parts);
  }

  private constructor(opened: readonly OpenedServer[], parts: HttpSocketsParts) {
    this.addresses = opened.map(({ address }) => address);
    this.#requests = opened.map(({ request }) => request);
    this.#parts = parts;
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
    const all = await (this.#parts.copy ?? copyListening)([...servers, ...servers]);
    if (this.#servers !== servers) {
      for (const descriptor of all) closeSync(descriptor);
      throw new Error('the sockets were closed');
    }
    this.#closeKept();
    this.#kept = all.slice(servers.length);
    return this.addresses.map((address, index) => ({
      address,
      descriptor: all[index] as number,
      isSecure: this.#requests[index]?.isSecure === true,
    }));
  }

  /** The thread listens: nothing more is taken here, and who waits is connected to it. */
  handOver(): void {
    this.#stopListening();
    for (const socket of this.#waiting) this.#passOn(socket);
    this.#waiting.clear();
  }

  /** Resolves when all who were accepted here have had the beginning of an answer, or are gone. */
  async answered(): Promise<void> {
    if (this.#unanswered.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#onAnswered = resolve;
    });
  }

  /** The thread has ended: its sockets listen here again. Rejects with the system's error. */
  async takeBack(): Promise<void> {
    if (this.listensHere) {
      this.#drop();
      return;
    }
    const kept = this.#kept;
    this.#kept = [];
    const servers = await Promise.all(
      this.addresses.map((address, index) => openServer({ address, descriptor: kept[index] })),
    );
    if (this.#isClosed) {
      this.#leave(servers);
      return;
    }
    this.#servers = servers;
    for (const server of servers) this.#takeConnections(server);
  }

  /** Listens no more, and closes who waits. The thread has to have ended. */
  close(): void {
    this.#isClosed = true;
    if (this.listensHere) {
      const servers = this.#servers;
      this.#servers = [];
      this.#leave(servers);
      this.#closeKept();
    } else {
      const kept = this.#kept;
      this.#kept = [];
      this.#leave(kept);
    }
    this.#drop();
  }

  #leave(sockets: readonly (Server | number)[]): void {
    for (const [index, request] of this.#requests.entries()) {
      const socket = sockets[index];
      if (socket !== undefined) leave(request, socket, this.#parts.handed);
    }
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
      if (!isOfThisMachine(socket)) {
        // Who is passed on is a client of this machine to the thread. A stranger has to come again, to the thread itself.
        socket.destroy();
        if (this.listensHere) this.#parts.onNeeded();
        return;
      }
      this.#unanswered.add(socket);
      socket.once('close', () => this.#settle(socket));
      if (!this.listensHere) this.#passOn(socket);
      else if (this.#waiting.size >= MAX_WAITING) socket.destroy();
      else this.#wait(socket);
    });
    // Accepting fails when there are no file descriptors, and is tried again by itself.
    server.on('error', () => {});
  }

  #settle(socket: Socket): void {
    if (this.#unanswered.delete(socket) && this.#unanswered.size === 0) this.#onAnswered();
  }

  #wait(socket: Socket): void {
    this.#waiting.add(socket);
    socket.once('close', () => this.#waiting.delete(socket));
    this.#parts.onNeeded();
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
    peer.once('data', () => this.#settle(socket));
    socket.pipe(peer);
    peer.pipe(socket);
  }

  /** The addresses for people; those with TLS are `https://127.0.0.1:8054`. */
  get texts(): readonly string[] {
    return this.addresses.map(
      (address, index) =>
        `${this.#requests[index]?.isSecure === true ? 'https://' : ''}${listenAddressToText(address)}`,
    );
  }

  /** The addresses, for the log. */
  toString(): string {
    return this.texts.join(',');
  }
}

function isOfThisMachine({ remoteAddress = '' }: Socket): boolean {
  const octets = addressOctets(remoteAddress);
  return octets !== undefined && ipClass(octets) === 'loopback';
}
