import { isIPv6 } from 'node:net';
import { throwLater } from '../../async/throw-later.ts';
import type { DatagramSocket, OpenDatagrams } from '../datagram-socket.ts';
import { SendQueue } from '../send-queue.ts';
import { BUN_IPV6_ONLY, type BunApi, type BunUdpSocket } from './api.ts';
import { type DetachedSender, detachSender } from './detached-sender.ts';
import { growReceiveBuffer } from './receive-buffer.ts';

/** Opens a socket on Bun: all datagrams of one turn of the event loop are sent with one system call. */
export function openBunDatagrams(bun: BunApi): OpenDatagrams {
  return async ({ host, port, descriptor: fd, receiveBuffer, onDatagram }) => {
    const datagrams = new BunDatagrams();
    const socket = await bun.udpSocket({
      ...(fd === undefined ? { hostname: host, port, flags: isIPv6(host) ? BUN_IPV6_ONLY : 0 } : { fd }),
      socket: {
        data(_, octets, fromPort, from) {
          try {
            onDatagram(octets, from, fromPort, datagrams);
          } catch (error) {
            throwLater(error); // Bun would hand it to `error`, which counts what the system refused
          }
        },
        drain: () => datagrams.flush(),
        error: () => datagrams.countError(),
      },
    });
    datagrams.bound(socket);
    if (fd === undefined) await growReceiveBuffer(socket.fd, receiveBuffer);
    return datagrams;
  };
}

class BunDatagrams implements DatagramSocket {
  readonly #queue = new SendQueue((list) => (this.#sender ?? this.#socket)?.sendMany(list) ?? 0);
  /** Takes the place of the socket when nothing is read any more. */
  #sender: DetachedSender | undefined;
  #socket: BunUdpSocket | undefined;
  #strayErrors = 0;

  get port(): number {
    return this.#socket?.port ?? 0;
  }

  get sendErrors(): number {
    return this.#queue.errors + this.#strayErrors;
  }

  /** Sends the replies to datagrams that arrived before. */
  bound(socket: BunUdpSocket): void {
    this.#socket = socket;
    this.flush();
  }

  send(octets: Uint8Array, port: number, host: string): void {
    this.#queue.push(octets, port, host);
  }

  flush(): void {
    this.#queue.flush();
  }

  /** An ICMP error about an earlier reply: the client has closed its socket. */
  countError(): void {
    this.#strayErrors++;
  }

  async stopReading(): Promise<void> {
    const socket = this.#socket;
    if (socket === undefined || this.#sender !== undefined) return;
    this.#sender = await detachSender(socket.fd);
    if (this.#sender !== undefined) socket.close();
  }

  async close(): Promise<void> {
    this.flush();
    if (this.#sender === undefined) this.#socket?.close();
    else this.#sender.close();
  }
}
