import type { Socket } from 'node:net';
import type { FewEachTurn } from '../../../async/few-each-turn.ts';
import * as bounds from '../shared/bounds.ts';
import { lengthOf, nothing } from '../shared/exchange.ts';
import type { HttpsAnswer } from '../shared/server.ts';
import { Http2Exchange } from './exchange.ts';
import { FrameInput } from './frame-input.ts';
import { FrameWatch } from './frame-watch.ts';
import {
  ErrorCode,
  Flag,
  FrameType,
  frame,
  Http2Error,
  INITIAL_WINDOW,
  MAX_FRAME,
  MAX_WINDOW,
  numbersFrame,
  requireConnection,
  requireLength,
  Setting,
  settingsFrame,
} from './frames.ts';
import { HeaderBlocks } from './header-blocks.ts';
import { HeaderDecoder } from './header-decoder.ts';
import { Output } from './output.ts';
import { RequestHead } from './request-head.ts';

/** What a session is for. */
export interface Http2SessionParts {
  /** The client's address. */
  readonly address: string;
  /** Shares the turns of the event loop with other sessions. */
  readonly turns: FewEachTurn;
  /** Takes a request whose head is whole. */
  readonly onRequest: (exchange: Http2Exchange) => void;
  /** Called when it ends because the client did what no client would do. */
  readonly onFlood: () => void;
  /** Ends the connection at once. */
  readonly destroy: () => void;
}

/** Octets of bodies that a client may send before it has to wait for us. We read them at once, so half of that is told. */
const RECEIVED_BEFORE_TOLD = INITIAL_WINDOW >> 1;

/** One octet more than a body may have, so that one that has too many can be told so. */
const STREAM_WINDOW = bounds.MAX_BODY + 1;

/**
 * A connection of HTTP/2 (RFC 9113), on the side of the server. It is our own because a server that answers DNS in the same thread must
 * know what each frame costs before it is read: of what came, a turn of the event loop reads `FRAMES_AT_ONCE`, whoever
 * sent it, while the rest waits in the socket, and a client that does what no client would do is gone before it has cost much.
 */
export class Http2Session {
  readonly #stream: Socket;
  readonly #parts: Http2SessionParts;
  readonly #watch = new FrameWatch();
  readonly #decoder = new HeaderDecoder();
  readonly #blocks = new HeaderBlocks<number>((id, flags, octets, start, end) =>
    this.#onBlock(id, flags, octets, start, end),
  );
  readonly #output: Output;
  readonly #open = new Map<number, Http2Exchange>();
  readonly #input = new FrameInput('client');
  readonly #readTurn = () => this.#readSome();
  /** What waits for its turn is read in it. */
  #isWaiting = false;
  #hasSettings = false;
  #lastId = 0;
  #received = 0;
  #initialSendWindow = INITIAL_WINDOW;
  #isLeaving = false;
  #isOver = false;

  constructor(stream: Socket, parts: Http2SessionParts) {
    this.#stream = stream;
    this.#parts = parts;
    this.#output = new Output(stream, () => this.#work());
    this.#output.write(
      settingsFrame([
        [Setting.MAX_CONCURRENT_STREAMS, bounds.MAX_STREAMS],
        [Setting.INITIAL_WINDOW_SIZE, STREAM_WINDOW],
        [Setting.MAX_HEADER_LIST_SIZE, bounds.MAX_HEADERS],
      ]),
    );
    stream.on('data', (piece: Buffer) => this.#take(piece));
    stream.once('close', () => this.#end());
  }

  /** Looked at from time to time: what is counted between two looks begins anew. */
  look(): void {
    this.#watch.look();
  }

  /** Takes no more requests, and ends when those that were read are answered (RFC 9113 §6.8). */
  close(): void {
    if (this.#isLeaving || this.#isOver) return;
    this.#isLeaving = true;
    this.#output.write(numbersFrame(FrameType.GOAWAY, 0, this.#lastId, ErrorCode.NO_ERROR));
    this.#endIfDone();
  }

  /** See `ExchangeSession`. */
  answer(exchange: Http2Exchange, answer: HttpsAnswer, isRefusal: boolean): void {
    if (this.#isOver || exchange.isOver) return;
    const length = lengthOf(answer);
    const isEmpty = length === 0 || exchange.method === 'HEAD';
    const isReceiving = exchange.isReceiving;
    this.#output.writeHead(exchange.id, answer, length, isEmpty);
    exchange.isRefused = isRefusal && isReceiving;
    exchange.forget();
    this.#watch.onAnswer();
    if (!isEmpty) exchange.unsent = typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body;
    this.#send(exchange);
  }

  #take(piece: Buffer): void {
    this.#input.add(piece);
    this.#work();
  }

  /** Reads what came, now or in another turn; nothing more comes until then. */
  #work(): void {
    if (this.#isWaiting || this.#isOver) return;
    if (this.#output.isBlocked) {
      this.#stream.pause();
      return;
    }
    this.#isWaiting = true;
    this.#parts.turns.addSeveral(this.#readTurn);
    if (this.#isWaiting) this.#stream.pause();
  }

  /** @returns what it did. */
  #readSome(): number {
    let done = 0;
    try {
      this.#output.cork();
      while (done < bounds.FRAMES_AT_ONCE && !this.#isOver && this.#input.next()) done += this.#takeFrame();
    } catch (error) {
      if (!(error instanceof Http2Error)) throw error;
      this.#fail(error.code);
    } finally {
      this.#isWaiting = false;
      this.#output.uncork();
    }
    if (this.#isOver) return done;
    if (done >= bounds.FRAMES_AT_ONCE) this.#work();
    else if (!this.#output.isBlocked && this.#stream.isPaused()) this.#stream.resume();
    return done;
  }

  /** Takes the frame that `#input` is at. @returns what that cost, from 1. */
  #takeFrame(): number {
    const { type, flags, id } = this.#input;
    // RFC 9113 §3.4 and §6.10: what has to come next.
    const isAllowed = this.#hasSettings ? this.#blocks.allows(this.#input) : type === FrameType.SETTINGS;
    if (!isAllowed) throw new Http2Error(ErrorCode.PROTOCOL_ERROR);
    switch (type) {
      case FrameType.DATA:
        return this.#onData();
      case FrameType.HEADERS:
        if (id % 2 === 0) throw new Http2Error(ErrorCode.PROTOCOL_ERROR);
        return this.#blocks.begin(this.#input) ?? 1;
      case FrameType.CONTINUATION:
        return this.#blocks.goOn(this.#input) ?? 1;
    }
    const payload = this.#input.payload();
    switch (type) {
      case FrameType.RST_STREAM:
        this.#onReset(id, payload);
        return 1;
      case FrameType.SETTINGS:
        this.#onSettings(flags, id, payload);
        break;
      case FrameType.PING:
        requireLength(payload, 8);
        requireConnection(id);
        if ((flags & Flag.ACK) === 0) this.#output.write(frame(FrameType.PING, Flag.ACK, 0, payload));
        break;
      case FrameType.WINDOW_UPDATE:
        this.#onWindowUpdate(id, payload);
        break;
      case FrameType.PUSH_PROMISE:
        throw new Http2Error(ErrorCode.PROTOCOL_ERROR);
    }
    // Those that are not known are ignored (RFC 9113 §4.1), and so are priorities; a client that leaves closes.
    this.#watch.onControl();
    return 1;
  }

  /** Whatever becomes of a block, it is decoded: those that follow refer to it. */
  #onBlock(id: number, flags: number, octets: Buffer, start: number, end: number): number {
    const cost = bounds.REQUEST_COST + ((end - start) >> 6);
    const head = new RequestHead();
    this.#decoder.decode(octets, start, end, head);
    if (id <= this.#lastId) {
      this.#onTrailers(id, flags);
      return cost;
    }
    this.#lastId = id;
    if (this.#isLeaving) return cost;
    if (this.#open.size >= bounds.MAX_STREAMS) {
      this.#watch.onRefusedStream();
      this.#reset(id, ErrorCode.REFUSED_STREAM);
      return cost;
    }
    const isReceiving = (flags & Flag.END_STREAM) === 0;
    if (head.isTooLarge) this.#refuseLarge(id, isReceiving);
    else if (head.isMalformed) {
      this.#watch.onInvalid();
      this.#reset(id, ErrorCode.PROTOCOL_ERROR);
    } else {
      const { address } = this.#parts;
      const exchange = new Http2Exchange(this, {
        id,
        head,
        address,
        isReceiving,
        sendWindow: this.#initialSendWindow,
      });
      this.#open.set(id, exchange);
      this.#parts.onRequest(exchange);
    }
    return cost;
  }

  #refuseLarge(id: number, isReceiving: boolean): void {
    this.#watch.onInvalid();
    this.#output.writeHead(id, tooLarge, 0, true);
    if (isReceiving) this.#reset(id, ErrorCode.NO_ERROR);
  }

  /** RFC 9113 §8.1: they end the request. */
  #onTrailers(id: number, flags: number): void {
    this.#watch.onControl();
    const exchange = this.#open.get(id);
    if (exchange === undefined) return;
    if ((flags & Flag.END_STREAM) === 0 || !exchange.isReceiving)
      this.#onInvalid(exchange, ErrorCode.PROTOCOL_ERROR);
    else this.#receive(exchange, nothing, true);
  }

  #onData(): number {
    const { flags, id, start, end } = this.#input;
    this.#requireKnown(id);
    this.#tellReceived(end - start);
    this.#input.withoutPadding();
    const piece = this.#input.payload();
    const isLast = (flags & Flag.END_STREAM) !== 0;
    if (piece.length === 0 && !isLast) this.#watch.onControl();
    const exchange = this.#open.get(id);
    // It was answered or reset already.
    if (exchange === undefined) return 1;
    if (!exchange.isReceiving) this.#onInvalid(exchange, ErrorCode.STREAM_CLOSED);
    else this.#receive(exchange, piece, isLast);
    return isLast ? bounds.REQUEST_COST : 1;
  }

  #receive(exchange: Http2Exchange, piece: Uint8Array, isLast: boolean): void {
    if (!exchange.receive(piece, isLast)) this.#onInvalid(exchange, ErrorCode.PROTOCOL_ERROR);
    else if (isLast) this.#closeIfDone(exchange);
  }

  /** What was received is given back to the window of the connection; a stream gets no more than it begins with. */
  #tellReceived(octets: number): void {
    this.#received += octets;
    if (this.#received < RECEIVED_BEFORE_TOLD) return;
    this.#output.write(numbersFrame(FrameType.WINDOW_UPDATE, 0, this.#received));
    this.#received = 0;
  }

  #onReset(id: number, payload: Buffer): void {
    requireLength(payload, 4);
    this.#requireKnown(id);
    this.#watch.onReset();
    this.#forget(id);
  }

  #onSettings(flags: number, id: number, payload: Buffer): void {
    requireConnection(id);
    this.#hasSettings = true;
    if ((flags & Flag.ACK) !== 0) {
      requireLength(payload, 0);
      return;
    }
    if (payload.length % 6 !== 0) throw new Http2Error(ErrorCode.FRAME_SIZE_ERROR);
    if (payload.length > 6 * bounds.MAX_SETTINGS) throw new Http2Error(ErrorCode.ENHANCE_YOUR_CALM);
    for (let at = 0; at < payload.length; at += 6)
      this.#set(payload.readUInt16BE(at), payload.readUInt32BE(at + 2));
    this.#output.write(settingsAck);
    this.#sendAll();
  }

  #set(setting: number, value: number): void {
    if (setting === Setting.ENABLE_PUSH && value > 1) throw new Http2Error(ErrorCode.PROTOCOL_ERROR);
    if (setting === Setting.MAX_FRAME_SIZE && (value < MAX_FRAME || value >= 2 ** 24))
      throw new Http2Error(ErrorCode.PROTOCOL_ERROR);
    if (setting !== Setting.INITIAL_WINDOW_SIZE) return;
    if (value > MAX_WINDOW) throw new Http2Error(ErrorCode.FLOW_CONTROL_ERROR);
    // RFC 9113 §6.9.2: "a receiver MUST adjust the size of all stream flow-control windows that it maintains".
    for (const exchange of this.#open.values()) {
      exchange.sendWindow += value - this.#initialSendWindow;
      if (exchange.sendWindow > MAX_WINDOW) throw new Http2Error(ErrorCode.FLOW_CONTROL_ERROR);
    }
    this.#initialSendWindow = value;
  }

  #onWindowUpdate(id: number, payload: Buffer): void {
    requireLength(payload, 4);
    const increment = payload.readUInt32BE(0) & MAX_WINDOW;
    if (id === 0) {
      if (increment === 0) throw new Http2Error(ErrorCode.PROTOCOL_ERROR);
      this.#output.widen(increment);
      this.#sendAll();
      return;
    }
    this.#requireKnown(id);
    const exchange = this.#open.get(id);
    if (exchange === undefined) {
      if (increment === 0) this.#watch.onInvalid();
      return;
    }
    exchange.sendWindow += increment;
    if (increment === 0) this.#onInvalid(exchange, ErrorCode.PROTOCOL_ERROR);
    else if (exchange.sendWindow > MAX_WINDOW) this.#onInvalid(exchange, ErrorCode.FLOW_CONTROL_ERROR);
    else this.#send(exchange);
  }

  #sendAll(): void {
    for (const exchange of this.#open.values()) if (exchange.unsent !== undefined) this.#send(exchange);
  }

  #send(exchange: Http2Exchange): void {
    const { unsent } = exchange;
    if (unsent !== undefined) {
      const sent = this.#output.writeData(exchange.id, unsent, exchange.sendWindow);
      exchange.sendWindow -= sent;
      exchange.unsent = sent === unsent.length ? undefined : unsent.subarray(sent);
    }
    this.#closeIfDone(exchange);
  }

  /** Closes a stream that both sides have ended, or whose request nobody wants to the end (RFC 9113 §8.1). */
  #closeIfDone(exchange: Http2Exchange): void {
    if (!exchange.isAnswered || exchange.unsent !== undefined) return;
    if (!exchange.isReceiving) this.#forget(exchange.id);
    else if (exchange.isRefused) {
      // Not at once: curl forgets an answer that comes together with the reset, and when it has seen one, resets by itself.
      exchange.isRefused = false;
      setTimeout(() => this.#resetIfOpen(exchange), bounds.LAST_ANSWERS).unref();
    }
  }

  #onInvalid(exchange: Http2Exchange, code: number): void {
    this.#watch.onInvalid();
    this.#reset(exchange.id, code);
  }

  #resetIfOpen(exchange: Http2Exchange): void {
    if (this.#open.get(exchange.id) === exchange) this.#reset(exchange.id, ErrorCode.NO_ERROR);
  }

  #reset(id: number, code: number): void {
    this.#output.write(numbersFrame(FrameType.RST_STREAM, id, code));
    this.#forget(id);
  }

  #forget(id: number): void {
    const exchange = this.#open.get(id);
    if (exchange === undefined) return;
    this.#open.delete(id);
    exchange.close();
    this.#endIfDone();
  }

  #endIfDone(): void {
    if (this.#isLeaving && this.#open.size === 0 && !this.#isOver) this.#stop();
  }

  /** RFC 9113 §5.1: "Receiving any frame other than HEADERS or PRIORITY on a stream in this state MUST be treated as a connection error". */
  #requireKnown(id: number): void {
    if (id === 0 || id % 2 === 0 || id > this.#lastId) throw new Http2Error(ErrorCode.PROTOCOL_ERROR);
  }

  /** RFC 9113 §5.4.1. */
  #fail(code: number): void {
    if (code === ErrorCode.ENHANCE_YOUR_CALM) this.#parts.onFlood();
    this.#output.write(numbersFrame(FrameType.GOAWAY, 0, this.#lastId, code));
    this.#stop();
  }

  /** Reads nothing more. What was written is sent, to a client that takes it at once. */
  #stop(): void {
    this.#end();
    this.#stream.pause();
    this.#output.end();
    setTimeout(this.#parts.destroy, bounds.LAST_ANSWERS).unref();
  }

  #end(): void {
    this.#isOver = true;
    this.#input.clear();
    for (const exchange of this.#open.values()) exchange.close();
    this.#open.clear();
  }
}

const settingsAck = frame(FrameType.SETTINGS, Flag.ACK, 0, nothing);

const tooLarge: HttpsAnswer = { status: 431, headers: {}, body: '' };
