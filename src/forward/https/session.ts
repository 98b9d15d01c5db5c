import type { Duplex } from 'node:stream';
import { FrameInput } from '../../system/https/http2/frame-input.ts';
import {
  ErrorCode,
  Flag,
  FrameType,
  frame,
  Http2Error,
  MAX_WINDOW,
  numbersFrame,
  requireConnection,
  requireLength,
} from '../../system/https/http2/frames.ts';
import { HeaderBlocks } from '../../system/https/http2/header-blocks.ts';
import { HeaderDecoder } from '../../system/https/http2/header-decoder.ts';
import { MAX_REPLY_LENGTH, ReplyHead } from './reply-head.ts';
import { RequestOutput } from './request-output.ts';
import { beginning, ReceiveWindow, readServerSettings } from './settings.ts';
import type { HttpsStream, SessionListener } from './stream.ts';

/** Octets of all replies that are not whole. */
const MAX_UNFINISHED = 2 ** 24;

/** Frames that bring no reply nearer, between two replies. */
const MAX_IDLE_FRAMES = 10_000;

/** Requests at once as long as the server has not said how many it takes. RFC 9113 §6.5.2 recommends "no smaller than 100". */
const FIRST_STREAMS = 100;

/**
 * A connection of HTTP/2 (RFC 9113), on the side of a client of DNS over HTTPS: requests that differ in nothing but their body,
 * and replies that fit into a DNS message. It is our own because the streams of `node:http2` cost several times what all the
 * rest of a query does.
 */
export class ClientSession {
  readonly #listener: SessionListener;
  readonly #output: RequestOutput;
  readonly #input = new FrameInput('server');
  readonly #decoder = new HeaderDecoder();
  readonly #blocks = new HeaderBlocks<void>((id, flags, octets, start, end) => {
    // Whatever becomes of a block, it is decoded: those that follow refer to it.
    const head = new ReplyHead();
    this.#decoder.decode(octets, start, end, head);
    this.#onHead(id, head, (flags & Flag.END_STREAM) !== 0);
  });
  readonly #open = new Map<number, HttpsStream>();
  /** Requests that wait until the server takes more. */
  readonly #queue = new Set<HttpsStream>();
  #hasSettings = false;
  #nextId = 1;
  #maxStreams = FIRST_STREAMS;
  readonly #receiveWindow = new ReceiveWindow();
  #unfinished = 0;
  #idleFrames = 0;
  #isOver = false;

  constructor(socket: Duplex, listener: SessionListener) {
    this.#listener = listener;
    this.#output = new RequestOutput(socket);
    this.#output.put(beginning);
    socket.on('data', (piece: Buffer) => this.#take(piece));
  }

  /** Whether a request would be sent at once. */
  get takesMore(): boolean {
    return this.#open.size < this.#maxStreams && !this.#output.isBlocked;
  }

  /** Sends a request, now or when the server takes one more. */
  request(stream: HttpsStream): void {
    if (this.takesMore) this.#start(stream);
    else this.#queue.add(stream);
  }

  /** Nobody waits for this stream any more. */
  cancel(stream: HttpsStream): void {
    if (this.#queue.delete(stream) || this.#open.get(stream.id) !== stream) return;
    this.#close(stream);
    this.#reset(stream.id, ErrorCode.CANCEL);
    this.#startQueued();
  }

  /** The connection is closed. */
  end(): void {
    this.#isOver = true;
    this.#input.clear();
    this.#open.clear();
    this.#queue.clear();
  }

  #start(stream: HttpsStream): void {
    stream.id = this.#nextId;
    this.#nextId += 2;
    this.#open.set(stream.id, stream);
    this.#output.begin(stream);
  }

  #startQueued(): void {
    if (this.#queue.size === 0) return;
    for (const stream of this.#queue) {
      if (!this.takesMore) return;
      this.#queue.delete(stream);
      this.#start(stream);
    }
  }

  /** Sends what waited for a window. */
  #sendAll(): void {
    for (const stream of this.#open.values()) if (stream.sent < stream.body.length) this.#output.goOn(stream);
    this.#startQueued();
  }

  #take(piece: Buffer): void {
    if (this.#isOver) return;
    this.#input.add(piece);
    try {
      while (!this.#isOver && this.#input.next()) this.#takeFrame(this.#input);
    } catch (error) {
      if (!(error instanceof Http2Error)) throw error;
      this.#output.put(numbersFrame(FrameType.GOAWAY, 0, 0, error.code));
      this.#listener.broken(error);
    }
  }

  #takeFrame(frame: FrameInput): void {
    // RFC 9113 §3.4: "This ... SETTINGS frame ... MUST be the first frame".
    const isAllowed = this.#hasSettings ? this.#blocks.allows(frame) : frame.type === FrameType.SETTINGS;
    if (!isAllowed) throw new Http2Error(ErrorCode.PROTOCOL_ERROR);
    switch (frame.type) {
      case FrameType.DATA:
        this.#onData(frame);
        return;
      case FrameType.HEADERS:
        this.#blocks.begin(frame);
        return;
      case FrameType.CONTINUATION:
        this.#blocks.goOn(frame);
        return;
    }
    this.#onControl(frame, frame.payload());
    this.#idleFrame();
  }

  #onControl({ type, flags, id }: FrameInput, payload: Buffer): void {
    switch (type) {
      case FrameType.RST_STREAM: {
        requireLength(payload, 4);
        const stream = this.#find(id);
        if (stream !== undefined) this.#ended(stream, payload.readUInt32BE(0));
        break;
      }
      case FrameType.SETTINGS:
        this.#onSettings(flags, id, payload);
        break;
      case FrameType.PING:
        requireLength(payload, 8);
        requireConnection(id);
        if ((flags & Flag.ACK) === 0) this.#output.put(frame(FrameType.PING, Flag.ACK, 0, payload));
        break;
      case FrameType.GOAWAY:
        this.#onGoAway(id, payload);
        break;
      case FrameType.WINDOW_UPDATE:
        this.#onWindowUpdate(id, payload);
        break;
      case FrameType.PUSH_PROMISE:
        throw new Http2Error(ErrorCode.PROTOCOL_ERROR);
    }
    // Those that are not known are ignored (RFC 9113 §4.1).
  }

  #onHead(id: number, head: ReplyHead, isLast: boolean): void {
    const stream = this.#find(id);
    if (stream === undefined || (head.isInformational && !isLast)) this.#idleFrame();
    else if (stream.hasHead) {
      // RFC 9113 §8.1: trailers end the reply.
      if (isLast) this.#finish(stream);
      else this.#lose(stream, ErrorCode.PROTOCOL_ERROR);
    } else {
      stream.takeHead(head);
      if (isLast) this.#finish(stream);
      else if (stream.refusal !== undefined) this.#lose(stream, ErrorCode.CANCEL);
    }
  }

  #onData(frame: FrameInput): void {
    const back = this.#receiveWindow.take(frame.end - frame.start);
    if (back > 0) this.#output.put(numbersFrame(FrameType.WINDOW_UPDATE, 0, back));
    const stream = this.#find(frame.id);
    frame.withoutPadding();
    const piece = frame.payload();
    const isLast = (frame.flags & Flag.END_STREAM) !== 0;
    if (stream === undefined || (piece.length === 0 && !isLast)) this.#idleFrame();
    if (stream === undefined) return;
    if (!stream.hasHead) {
      this.#lose(stream, ErrorCode.PROTOCOL_ERROR);
      return;
    }
    if (!stream.add(piece, isLast)) {
      stream.refusal = `sent more than ${MAX_REPLY_LENGTH} octets`;
      this.#lose(stream, ErrorCode.CANCEL);
      return;
    }
    this.#unfinished += piece.length;
    if (this.#unfinished > MAX_UNFINISHED) throw new Http2Error(ErrorCode.ENHANCE_YOUR_CALM);
    if (isLast) this.#finish(stream);
  }

  /** A stream is over, and its reply whole. */
  #finish(stream: HttpsStream): void {
    stream.isWhole = stream.hasDeclaredLength;
    this.#idleFrames = 0;
    // A request whose body has not been sent is not wanted to its end.
    if (stream.sent < stream.body.length) this.#reset(stream.id, ErrorCode.NO_ERROR);
    this.#ended(stream, ErrorCode.NO_ERROR);
  }

  /** A stream is given up. */
  #lose(stream: HttpsStream, code: number): void {
    this.#reset(stream.id, code);
    this.#ended(stream, code);
  }

  #ended(stream: HttpsStream, code: number): void {
    this.#close(stream);
    this.#listener.ended(stream, code);
    this.#startQueued();
  }

  #close(stream: HttpsStream): void {
    this.#open.delete(stream.id);
    this.#unfinished -= stream.length;
  }

  /** RFC 9113 §6.8: streams above the last one that is named "were not or will not be processed". */
  #onGoAway(id: number, payload: Buffer): void {
    requireConnection(id);
    if (payload.length < 8) throw new Http2Error(ErrorCode.FRAME_SIZE_ERROR);
    const last = payload.readUInt32BE(0) & MAX_WINDOW;
    this.#listener.leaving(payload.readUInt32BE(4));
    if (this.#isOver) return;
    const lost = [...this.#open.values()].filter((stream) => stream.id > last);
    for (const stream of [...lost, ...this.#queue]) {
      if (this.#isOver) return;
      this.#queue.delete(stream);
      this.#close(stream);
      this.#listener.ended(stream, ErrorCode.REFUSED_STREAM);
    }
  }

  #onSettings(flags: number, id: number, payload: Buffer): void {
    requireConnection(id);
    this.#hasSettings = true;
    if ((flags & Flag.ACK) !== 0) {
      requireLength(payload, 0);
      return;
    }
    const { maxStreams = this.#maxStreams, streamWindow } = readServerSettings(payload);
    this.#maxStreams = maxStreams;
    if (streamWindow !== undefined) {
      const change = this.#output.setStreamWindow(streamWindow);
      for (const stream of this.#open.values()) stream.widen(change);
    }
    this.#output.put(settingsAck);
    this.#sendAll();
  }

  #onWindowUpdate(id: number, payload: Buffer): void {
    requireLength(payload, 4);
    const increment = payload.readUInt32BE(0) & MAX_WINDOW;
    if (increment === 0) throw new Http2Error(ErrorCode.PROTOCOL_ERROR);
    if (id === 0) {
      this.#output.widen(increment);
      this.#sendAll();
      return;
    }
    const stream = this.#find(id);
    if (stream === undefined) return;
    stream.widen(increment);
    if (stream.sent < stream.body.length) this.#output.goOn(stream);
  }

  #reset(id: number, code: number): void {
    this.#output.put(numbersFrame(FrameType.RST_STREAM, id, code));
  }

  /** A stream that is open. @throws Http2Error for one that never was (RFC 9113 §5.1). */
  #find(id: number): HttpsStream | undefined {
    const stream = this.#open.get(id);
    if (stream === undefined && (id % 2 === 0 || id >= this.#nextId))
      throw new Http2Error(ErrorCode.PROTOCOL_ERROR);
    return stream;
  }

  /** A frame that brings no reply nearer. */
  #idleFrame(): void {
    this.#idleFrames += 1;
    if (this.#idleFrames > MAX_IDLE_FRAMES || this.#output.isFull)
      throw new Http2Error(ErrorCode.ENHANCE_YOUR_CALM);
  }
}

const settingsAck = frame(FrameType.SETTINGS, Flag.ACK, 0, new Uint8Array());
