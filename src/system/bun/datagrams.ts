import { closeSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { throwLater } from '../../async/throw-later.ts';
import type { DatagramOptions, DatagramSocket, OpenDatagrams } from '../datagram-socket.ts';
import { SendQueue } from '../send-queue.ts';
import {
  BUN_IPV6_ONLY,
  type BunApi,
  type BunInheritedUdp,
  type BunUdpOptions,
  type BunUdpSocket,
} from './api.ts';
import { type DetachedSender, detachSender } from './detached-sender.ts';
import { type Libc, loadLibc } from './libc.ts';
import { growReceiveBuffer } from './receive-buffer.ts';

/**
 * Datagrams that are taken in within one turn of the event loop. Bun reads until none is left, so while they come faster than they
 * are handled, nothing else would have a turn: no reply of an upstream, no connection over TCP, no timer.
 */
const MAX_OF_A_TURN = 256;

/** The command of fcntl(2) on Linux that copies a descriptor, for this process alone. */
const F_DUPFD_CLOEXEC = 1030;

/** Opens a socket on Bun: all datagrams of one turn of the event loop are sent with one system call. */
export function openBunDatagrams(bun: BunApi): OpenDatagrams {
  return async ({ host, port, descriptor: fd, receiveBuffer, onDatagram }) => {
    const datagrams = new BunDatagrams(bun, onDatagram);
    const place =
      fd === undefined ? { hostname: host, port, flags: isIPv6(host) ? BUN_IPV6_ONLY : 0 } : { fd };
    const bound = await datagrams.open(place);
    if (fd === undefined) await growReceiveBuffer(bound.fd, receiveBuffer);
    return datagrams;
  };
}

class BunDatagrams implements DatagramSocket {
  readonly #bun: BunApi;
  readonly #onDatagram: DatagramOptions['onDatagram'];
  readonly #queue = new SendQueue(
    (list) => (this.#sender ?? this.#socket)?.sendMany(list) ?? 0,
    () => {
      this.#taken = 0;
    },
  );
  /** Takes the place of the socket when nothing is read any more. */
  #sender: DetachedSender | undefined;
  /** Undefined while nothing is read. */
  #socket: BunUdpSocket | undefined;
  /** The descriptor while nothing is read. */
  #paused: number | undefined;
  /** It is never paused where the C library cannot be called. */
  #libc: Libc | undefined;
  /** Datagrams since the end of a turn was last seen. */
  #taken = 0;
  #port = 0;
  #strayErrors = 0;
  #isLeaving = false;

  constructor(bun: BunApi, onDatagram: DatagramOptions['onDatagram']) {
    this.#bun = bun;
    this.#onDatagram = onDatagram;
  }

  get port(): number {
    return this.#port;
  }

  get sendErrors(): number {
    return this.#queue.errors + this.#strayErrors;
  }

  /** Reads from now on, and sends the replies to datagrams that arrived before. */
  async open(place: Omit<BunUdpOptions, 'socket'> | Omit<BunInheritedUdp, 'socket'>): Promise<BunUdpSocket> {
    const socket = await this.#bun.udpSocket({
      ...place,
      socket: {
        data: (_, octets, port, host) => {
          if (++this.#taken === MAX_OF_A_TURN) this.#pause();
          try {
            this.#onDatagram(octets, host, port, this);
          } catch (error) {
            throwLater(error); // Bun would hand it to `error`, which counts what the system refused
          }
        },
        drain: () => this.#queue.flush(),
        error: () => {
          // An ICMP error about an earlier reply: the client has closed its socket.
          this.#strayErrors++;
        },
      },
    });
    this.#socket = socket;
    this.#port = socket.port;
    this.#queue.flush();
    if (process.platform === 'linux' && this.#libc === undefined) {
      loadLibc().then((libc) => {
        this.#libc = libc;
      }, throwLater);
    }
    return socket;
  }

  send(octets: Uint8Array, port: number, host: string): void {
    this.#queue.push(octets, port, host);
  }

  /**
   * Reads nothing until the next turn: Bun has no other way than to close the socket and to open one with another descriptor of the
   * same. What arrives meanwhile waits in the kernel. Bun still hands over the few datagrams that it has read already.
   */
  #pause(): void {
    const socket = this.#socket;
    if (socket === undefined || this.#libc === undefined || this.#isLeaving) return;
    const descriptor = this.#libc.fcntl(socket.fd, F_DUPFD_CLOEXEC, 0);
    // None is free: then it is read on.
    if (descriptor < 0) return;
    this.#queue.flush();
    this.#socket = undefined;
    this.#paused = descriptor;
    socket.close();
    setImmediate(this.#resume);
  }

  readonly #resume = (): void => {
    const fd = this.#paused;
    this.#taken = 0;
    if (fd === undefined || this.#isLeaving) return;
    this.#paused = undefined;
    this.open({ fd }).then((socket) => {
      // It was to end meanwhile.
      if (this.#isLeaving) socket.close();
    }, throwLater);
  };

  async stopReading(): Promise<void> {
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    const descriptor = this.#socket?.fd ?? this.#paused;
    this.#sender = descriptor === undefined ? undefined : await detachSender(descriptor);
    if (this.#sender === undefined) {
      this.#isLeaving = false;
      return;
    }
    this.#socket?.close();
    this.#closePaused();
  }

  async close(): Promise<void> {
    this.#isLeaving = true;
    this.#queue.flush();
    if (this.#sender === undefined) this.#socket?.close();
    else this.#sender.close();
    this.#closePaused();
  }

  #closePaused(): void {
    if (this.#paused !== undefined) closeSync(this.#paused);
    this.#paused = undefined;
  }
}
