import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { Type } from '../../../src/dns/codes.ts';
import { FrameReader } from '../../../src/dns/frame-reader.ts';
import type { ServerAddress } from '../../support/dns-client.ts';
import { labels, structuredMessage } from '../dns-bytes.ts';
import { mutateField } from '../mutate.ts';
import { manyKeys } from '../packets.ts';
import type { Random } from '../random.ts';
import { plainMessage } from '../reference/message.ts';
import { u16 } from '../reference/numbers.ts';
import { type PlainRequest, plainRequest } from '../reference/request.ts';
import { scrub } from '../reference/scrub.ts';

/** Milliseconds in which every query has its reply; then it is sent once more, for a datagram may be lost. */
const PATIENCE = 12_000;

/** Connections at a time of each of these clients. A server may close idle ones of a client that has many. */
const MOST_STREAMS = 6;
const CLIENTS = ['127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.4'] as const;

/** Queries that wait for their replies at most. */
const MOST_WAITING = 200;

/** A query whose reply is awaited. */
interface Waiting {
  readonly octets: Uint8Array;
  readonly expected: Exclude<PlainRequest, { readonly kind: 'silent' }>;
  readonly isStream: boolean;
  sentAt: number;
  isRepeated: boolean;
}

/**
 * Clients that send queries, most of them well-formed, over UDP and over TCP in pieces of any size, and check each reply: it
 * is one to a query that waits, has its ID and question, fits, and answers with nothing that does not belong to the question.
 */
export class Clients {
  readonly #server: ServerAddress;
  readonly #random: Random;
  readonly #socket = createSocket('udp4');
  readonly #waiting = new Map<number, Waiting>();
  readonly #streams = new Set<Map<number, Waiting>>();
  readonly #open = new Map<string, number>(CLIENTS.map((client) => [client, 0]));
  #failure: Error | undefined;
  #serial = 0;
  /** Messages sent. */
  sent = 0;

  constructor(server: ServerAddress, random: Random) {
    this.#server = server;
    this.#random = random;
    this.#socket.on('message', (reply) => this.#take(reply, this.#waiting));
  }

  /** Queries that wait. */
  get waiting(): number {
    return [...this.#streams].reduce((sum, { size }) => sum + size, this.#waiting.size);
  }

  close(): void {
    this.#socket.close();
  }

  /** Sends some queries, unless too many wait. @throws Error about a reply that was wrong, or did not come. */
  send(count: number): void {
    for (let left = count; left > 0 && this.waiting < MOST_WAITING; left--) {
      if (this.#random.chance(0.8)) this.#sendDatagram();
      else this.#sendStream();
    }
    this.check();
  }

  /** @throws Error about a reply that was wrong, or did not come. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
    const now = performance.now();
    for (const one of this.#waiting.values()) {
      if (now - one.sentAt < PATIENCE) continue;
      if (one.isRepeated) throw unanswered(one);
      one.isRepeated = true;
      one.sentAt = now;
      this.#socket.send(one.octets, this.#server.port, this.#server.host);
    }
    for (const stream of this.#streams)
      for (const one of stream.values()) if (now - one.sentAt > 2 * PATIENCE) throw unanswered(one);
  }

  /** A message with an ID of its own, and what is to become of it. */
  #message(isStream: boolean): {
    readonly id: number;
    readonly octets: Uint8Array;
    readonly one: Waiting | undefined;
  } {
    const id = this.#serial++ & 0xffff;
    const octets = Uint8Array.from(queryOctets(this.#random));
    if (octets.length > 0) octets[0] = id >>> 8;
    if (octets.length > 1) octets[1] = id & 0xff;
    const expected = plainRequest(octets);
    const one =
      expected.kind === 'silent'
        ? undefined
        : { octets, expected, isStream, sentAt: performance.now(), isRepeated: false };
    this.sent++;
    return { id, octets, one };
  }

  #sendDatagram(): void {
    const { id, octets, one } = this.#message(false);
    if (one !== undefined) this.#waiting.set(id, one);
    this.#socket.send(octets, this.#server.port, this.#server.host);
  }

  /** Several queries over one connection, in pieces. Some connections end in the middle of a message. */
  #sendStream(): void {
    const random = this.#random;
    const client = CLIENTS.find((one) => (this.#open.get(one) ?? 0) < MOST_STREAMS);
    if (client === undefined) return;
    const isBroken = random.chance(0.2);
    const waiting = new Map<number, Waiting>();
    const frames: Uint8Array[] = [];
    for (let left = 1 + random.int(4); left > 0; left--) {
      const { id, octets, one } = this.#message(true);
      // What gets no reply may end the connection.
      if (one === undefined && !isBroken) continue;
      if (one !== undefined && !isBroken) waiting.set(id, one);
      frames.push(Buffer.of(octets.length >>> 8, octets.length & 0xff), octets);
    }
    const whole = Buffer.concat(frames);
    const stream = isBroken ? whole.subarray(0, random.int(whole.length + 1)) : whole;
    const { port, host } = this.#server;
    const socket = connect({ port, host, localAddress: client });
    this.#open.set(client, (this.#open.get(client) ?? 0) + 1);
    socket.setNoDelay(true);
    const reader = new FrameReader((reply) => {
      if (!isBroken) this.#take(reply, waiting);
      if (waiting.size === 0) {
        this.#streams.delete(waiting);
        socket.end();
      }
    });
    socket.on('data', (piece) => reader.push(piece));
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#open.set(client, (this.#open.get(client) ?? 0) - 1);
      for (const one of waiting.values())
        this.#failure ??= new Error(`The connection ended without an answer to ${hex(one.octets)}.`);
    });
    const most = random.pick([1, 3, 20, 1000]);
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < stream.length; ) {
      const until = at + 1 + random.int(most);
      pieces.push(stream.subarray(at, until));
      at = until;
    }
    const isReset = random.chance(0.5);
    const isHalfClosed = random.chance(0.3);
    const sendNext = () => {
      const piece = pieces.shift();
      if (piece !== undefined) {
        socket.write(piece);
        setImmediate(sendNext);
      } else if (isBroken) {
        if (isReset) socket.resetAndDestroy();
        else socket.end();
      } else if (isHalfClosed) {
        socket.end();
      }
    };
    socket.on('connect', sendNext);
    if (waiting.size > 0) this.#streams.add(waiting);
    else if (!isBroken) socket.end();
  }

  #take(reply: Uint8Array, waiting: Map<number, Waiting>): void {
    try {
      const id = u16(reply, 0);
      const one = waiting.get(id);
      // A query that was sent twice may get two replies.
      if (one === undefined) {
        if ([...this.#waiting.values()].some(({ isRepeated }) => isRepeated)) return;
        assert.fail(`a reply to nothing: ${hex(reply)}`);
      }
      waiting.delete(id);
      checkReply(reply, one);
    } catch (error) {
      this.#failure ??= error as Error;
    }
  }
}

function unanswered({ octets, isStream }: Waiting): Error {
  return new Error(`No answer came over ${isStream ? 'TCP' : 'UDP'} to ${hex(octets)}.`);
}

function hex(octets: Uint8Array): string {
  return Buffer.from(octets).toString('hex');
}

const KEYS = manyKeys().map(({ publicKey }) => publicKey.text);

/** A query that is mostly well-formed. */
function queryOctets(random: Random): Uint8Array {
  const key = random.pick(KEYS);
  const zone = random.pick([[key], [key, 'key'], [], ['example'], ['lan']]);
  const shape = {
    id: 0,
    flags: random.chance(0.95) ? random.pick([0x0100, 0x0120, 0x0110]) : random.int(0x10000),
    question: random.chance(0.3) ? [random.pick(['a', 'b', 'www']), ...zone] : labels(random, zone),
    type: random.chance(0.7)
      ? random.pick([Type.A, Type.AAAA, Type.HTTPS, Type.TXT, Type.NS])
      : random.int(300),
    zone,
    records: random.chance(0.95) ? 0 : 2,
  };
  const structured = structuredMessage(shape, random);
  return random.chance(0.8) ? structured.octets : mutateField(structured, random);
}

function checkReply(reply: Uint8Array, { octets, expected, isStream }: Waiting): void {
  const what = `${hex(octets)} was answered with ${hex(reply)}`;
  const plain = plainMessage(reply);
  assert.ok(plain !== undefined && plain.end === reply.length, `no message: ${what}`);
  const [sent, got] = [u16(octets, 2), u16(reply, 2)];
  // QR, and OPCODE and RD of the query.
  assert.equal(got & 0xf900, 0x8000 | (sent & 0x7900), `flags: ${what}`);
  const limit = isStream ? 65_535 : Math.min(expected.edns?.size ?? 512, 1232);
  assert.ok(reply.length <= Math.max(limit, 300), `size: ${what}`);
  assert.equal(plain.opts.length, expected.edns === undefined ? 0 : 1, `OPT: ${what}`);
  const rcode = (got & 15) + 16 * Math.floor((plain.opts[0]?.bits ?? 0) / 2 ** 24);
  if (expected.kind === 'rejected') {
    assert.equal(rcode, expected.rcode, `RCODE: ${what}`);
    assert.equal(plain.sections.flat().length, 0, `records of an error: ${what}`);
    return;
  }
  const { questionEnd } = expected;
  assert.equal(
    Buffer.compare(reply.subarray(12, questionEnd), octets.subarray(12, questionEnd)),
    0,
    `question: ${what}`,
  );
  if ((sent & 0x0120) !== 0x0120 && expected.edns?.dnssecOk !== true)
    assert.equal(got & 0x20, 0, `AD that nobody wants: ${what}`);
  const { isWhole } = scrub(plain, false, plain.sections[0]?.length);
  assert.ok(isWhole, `answers that do not belong to the question: ${what}`);
}
