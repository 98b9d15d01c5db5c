import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { Class, Opcode, Rcode, Type } from '../../src/dns/codes.ts';
import type { Edns } from '../../src/dns/edns.ts';
import { FrameReader } from '../../src/dns/frame-reader.ts';
import { decodeMessage, encodeMessage, type Message, noFlags } from '../../src/dns/message.ts';
import type { Question } from '../../src/dns/question.ts';
import type { ResourceRecord } from '../../src/dns/record.ts';

/** A query that a scripted upstream received. */
export interface ReceivedQuery {
  readonly transport: 'udp' | 'tcp';
  readonly message: Message;
  /** The question; its name is in the case that was sent. */
  readonly question: Question;
  /** The name as text without the final dot, in the case that was sent. */
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly sourceAddress: string;
  readonly sourcePort: number;
  /** `performance.now()` when it arrived. */
  readonly at: number;
  /** The number of its TCP connection, from 0; -1 for UDP. */
  readonly connection: number;
}

/** One action of a scripted upstream on a query. */
export type Reaction =
  /** Sends these octets: over TCP with their length in front, `split` octets at a time. */
  | {
      readonly send: Uint8Array;
      readonly afterMs?: number;
      /** UDP: sends from another port than the one that was asked. */
      readonly fromOtherPort?: boolean;
      readonly split?: number;
    }
  /** TCP: closes the connection. */
  | { readonly close: 'end' | 'reset'; readonly afterMs?: number };

/** The actions for each query, in order; none means silence. */
export type Script = (query: ReceivedQuery) => readonly Reaction[] | Reaction | Uint8Array | undefined;

export interface ScriptedUpstreamOptions {
  /** Default 127.0.0.1. */
  readonly address?: string;
  /** Default: one that is free for UDP and TCP. */
  readonly port?: number;
  /** Default: 192.0.2.1 for every A question, NODATA for every other. */
  readonly script?: Script;
  /** Whether it also listens on TCP; default true. */
  readonly tcp?: boolean;
}

/** Starts a scripted upstream resolver on loopback, which records its queries. */
export async function startScriptedUpstream(
  options: ScriptedUpstreamOptions = {},
): Promise<ScriptedUpstream> {
  const { address = '127.0.0.1', port = 0, script = answerAll, tcp = true } = options;
  // A port that is free for UDP may be taken for TCP, so a few are tried.
  for (let tries = 0; ; tries++) {
    const udp = createSocket({ type: address.includes(':') ? 'udp6' : 'udp4', recvBufferSize: 1 << 22 });
    udp.bind(port, address);
    await once(udp, 'listening');
    const chosen = udp.address().port;
    if (!tcp) return new ScriptedUpstream(address, chosen, udp, undefined, script);
    const server = createServer();
    server.listen(chosen, address);
    try {
      await once(server, 'listening');
      return new ScriptedUpstream(address, chosen, udp, server, script);
    } catch (error) {
      udp.close();
      if (port !== 0 || tries > 8) throw error;
    }
  }
}

export class ScriptedUpstream {
  readonly address: string;
  readonly port: number;
  /** All queries, in order, including those received while `isBlackHole`. */
  readonly received: ReceivedQuery[] = [];
  /** The script; may be replaced at any time. */
  script: Script;
  /** While true, it answers nothing. */
  isBlackHole = false;
  /** TCP connections that were accepted. */
  connections = 0;
  readonly #udp: DatagramSocket;
  readonly #server: Server | undefined;
  readonly #sockets = new Set<Socket>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #waiters: { readonly count: number; readonly resolve: () => void }[] = [];
  #isClosed = false;

  constructor(
    address: string,
    port: number,
    udp: DatagramSocket,
    server: Server | undefined,
    script: Script,
  ) {
    this.address = address;
    this.port = port;
    this.script = script;
    this.#udp = udp;
    this.#server = server;
    udp.on('message', (bytes, remote) => {
      const reply = (reaction: Reaction): void => this.#sendDatagram(reaction, remote.port, remote.address);
      this.#take({ bytes, transport: 'udp', ...source(remote.address, remote.port), connection: -1 }, reply);
    });
    server?.on('connection', (socket) => this.#accept(socket));
  }

  /** Address and port as an upstream is written. */
  get spec(): string {
    return this.address.includes(':') ? `[${this.address}]:${this.port}` : `${this.address}:${this.port}`;
  }

  /** Resolves when `count` queries have arrived since the start. */
  async waitFor(count: number): Promise<void> {
    if (this.received.length >= count) return;
    await new Promise<void>((resolve) => this.#waiters.push({ count, resolve }));
  }

  /** Sends a datagram to where a query came from over UDP, whatever the script does. */
  sendTo({ sourceAddress, sourcePort }: ReceivedQuery, octets: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#udp.send(octets, sourcePort, sourceAddress, (error) =>
        error === null ? resolve() : reject(error),
      );
    });
  }

  /** Ends all TCP connections that are open. */
  dropConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.dropConnections();
    this.#udp.close();
    if (this.#server !== undefined) {
      this.#server.close();
      await once(this.#server, 'close');
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #accept(socket: Socket): void {
    const connection = this.connections++;
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#sockets.delete(socket));
    const from = source(socket.remoteAddress ?? '', socket.remotePort ?? 0);
    const frames = new FrameReader((bytes) => {
      this.#take({ bytes, transport: 'tcp', ...from, connection }, (reaction) => sendFrame(socket, reaction));
    });
    socket.on('data', (piece) => frames.push(piece));
  }

  #take(
    arrived: Omit<ReceivedQuery, 'message' | 'question' | 'name' | 'at'>,
    reply: (reaction: Reaction) => void,
  ): void {
    const message = decodeMessage(arrived.bytes);
    const question = message.questions[0];
    if (question === undefined) throw new Error('a query without a question came to a scripted upstream');
    const name = question.name.labels.join('.');
    const query: ReceivedQuery = { ...arrived, message, question, name, at: performance.now() };
    this.received.push(query);
    for (const waiter of this.#waiters) {
      if (waiter.count <= this.received.length) waiter.resolve();
    }
    if (this.isBlackHole) return;
    const reactions = this.script(query) ?? [];
    if (reactions instanceof Uint8Array) reply({ send: reactions });
    else for (const reaction of [reactions].flat()) this.#schedule(reaction, reply);
  }

  #schedule(reaction: Reaction, reply: (reaction: Reaction) => void): void {
    if (reaction.afterMs === undefined) {
      reply(reaction);
      return;
    }
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      reply(reaction);
    }, reaction.afterMs);
    this.#timers.add(timer);
  }

  #sendDatagram(reaction: Reaction, port: number, address: string): void {
    if (this.#isClosed) return;
    if ('close' in reaction) throw new Error('a script closes a connection for a query that came over UDP');
    if (reaction.fromOtherPort !== true) {
      this.#udp.send(reaction.send, port, address);
      return;
    }
    const other = createSocket(this.address.includes(':') ? 'udp6' : 'udp4');
    other.bind(0, this.address, () => other.send(reaction.send, port, address, () => other.close()));
  }
}

function sendFrame(socket: Socket, reaction: Reaction): void {
  if (socket.destroyed) return;
  if ('close' in reaction) {
    if (reaction.close === 'end') socket.end();
    // libuv ignores a reset after an end, and Node 20 then never closes the socket.
    else if (socket.writableEnded) socket.destroy();
    else socket.resetAndDestroy();
    return;
  }
  const frame = Buffer.alloc(2 + reaction.send.length);
  frame.writeUInt16BE(reaction.send.length);
  frame.set(reaction.send, 2);
  const step = reaction.split ?? frame.length;
  for (let at = 0; at < frame.length; at += step) socket.write(frame.subarray(at, at + step));
}

function source(
  sourceAddress: string,
  sourcePort: number,
): Pick<ReceivedQuery, 'sourceAddress' | 'sourcePort'> {
  return { sourceAddress, sourcePort };
}

/** The parts of a reply. Defaults are those of a plain resolver. */
export interface ReplyParts {
  readonly answers?: readonly ResourceRecord[];
  readonly authorities?: readonly ResourceRecord[];
  readonly additionals?: readonly ResourceRecord[];
  readonly rcode?: number;
  readonly flags?: Partial<Message['flags']>;
  /** Default: an OPT record if the query has one. `null` for none. */
  readonly edns?: Edns | null;
}

/** A reply to `query`, with its id and its question in its case. */
export function reply(query: ReceivedQuery, parts: ReplyParts = {}): Uint8Array {
  const { message } = query;
  const ordinary = message.edns === undefined ? null : { ...message.edns, udpPayloadSize: 1232, options: [] };
  const edns = parts.edns === undefined ? ordinary : parts.edns;
  return encodeMessage({
    id: message.id,
    opcode: Opcode.QUERY,
    flags: { ...noFlags, response: true, recursionDesired: true, recursionAvailable: true, ...parts.flags },
    rcode: parts.rcode ?? Rcode.NOERROR,
    questions: [query.question],
    answers: parts.answers ?? [],
    authorities: parts.authorities ?? [],
    additionals: parts.additionals ?? [],
    ...(edns === null ? {} : { edns }),
  });
}

/** An A record for the name that was asked. */
export function a(query: ReceivedQuery, address = '192.0.2.1', ttl = 300): ResourceRecord {
  const rdata = Uint8Array.from(address.split('.'), Number);
  return { name: query.question.name, type: Type.A, class: Class.IN, ttl, rdata };
}

/** A reply with one A record. */
export function replyA(query: ReceivedQuery, address?: string, ttl?: number): Uint8Array {
  return reply(query, { answers: [a(query, address, ttl)] });
}

/** A truncated reply without records. */
export function replyTruncated(query: ReceivedQuery): Uint8Array {
  return reply(query, { flags: { truncated: true } });
}

/** 192.0.2.1 for every A question, NODATA for every other. */
export function answerAll(query: ReceivedQuery): Uint8Array {
  return query.question.type === Type.A ? replyA(query) : reply(query);
}

/** `bytes` with some octets changed. */
export function altered(bytes: Uint8Array, change: (copy: Buffer) => void): Uint8Array {
  const copy = Buffer.from(bytes);
  change(copy);
  return copy;
}
