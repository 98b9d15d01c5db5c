import { createSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import { Class, Type } from '../../src/dns/codes.ts';
import { FrameReader } from '../../src/dns/frame-reader.ts';
import { decodeMessage, encodeMessage, type Message, queryMessage } from '../../src/dns/message.ts';
import { Name } from '../../src/dns/name.ts';

/** Where a server under test listens. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

/** A query message for `name`, in presentation form; `parts` override its other fields. */
export function query(name: string, type: number = Type.A, parts: Partial<Message> = {}): Message {
  return { ...queryMessage({ name: Name.parse(name), type, class: Class.IN }), id: 4242, ...parts };
}

/** The octets of the first reply; undefined if none arrives within `wait` milliseconds. */
export async function udpExchange(
  server: ServerAddress,
  request: Uint8Array,
  wait = 5_000,
): Promise<Buffer | undefined> {
  const socket = createSocket(server.host.includes(':') ? 'udp6' : 'udp4');
  try {
    return await new Promise((resolve, reject) => {
      const timer = setTimeout(() => resolve(undefined), wait);
      socket.once('message', (reply) => {
        clearTimeout(timer);
        resolve(reply);
      });
      socket.once('error', reject);
      socket.send(request, server.port, server.host);
    });
  } finally {
    socket.close();
  }
}

/** Asks over UDP and decodes the reply. Throws if there is none; a test that expects silence uses `udpExchange`. */
export async function askUdp(server: ServerAddress, message: Message): Promise<Message> {
  const reply = await udpExchange(server, encodeMessage(message));
  if (reply === undefined) throw new Error('No reply came.');
  return decodeMessage(reply);
}

/** A TCP client that reads DNS frames. */
export class TcpClient {
  readonly socket: Socket;
  readonly #replies: Message[] = [];
  #wake: () => void = () => {};
  closed = false;

  constructor(server: ServerAddress) {
    this.socket = connect(server.port, server.host);
    const reader = new FrameReader((message) => {
      this.#replies.push(decodeMessage(message));
      this.#wake();
    });
    this.socket.on('data', (piece) => reader.push(piece));
    this.socket.on('error', () => {});
    this.socket.on('close', () => {
      this.closed = true;
      this.#wake();
    });
  }

  /** Writes one query. */
  send(message: Message): void {
    this.socket.write(frame(message));
  }

  /** The next reply, in order of arrival; undefined if the server closed the connection. */
  async next(): Promise<Message | undefined> {
    while (this.#replies.length === 0 && !this.closed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#replies.shift();
  }

  /** Resolves when the server has closed the connection. */
  async whenClosed(): Promise<void> {
    while (!this.closed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

/** A message with its length in two octets in front (RFC 1035 §4.2.2). */
export function frame(message: Message): Buffer {
  const bytes = encodeMessage(message);
  return Buffer.concat([Buffer.of(bytes.length >>> 8, bytes.length & 0xff), bytes]);
}
