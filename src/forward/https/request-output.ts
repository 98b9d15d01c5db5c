import type { Duplex } from 'node:stream';
import {
  ErrorCode,
  Flag,
  FRAME_HEADER,
  FrameType,
  Http2Error,
  INITIAL_WINDOW,
  MAX_FRAME,
  MAX_WINDOW,
  writeFrameHeader,
} from '../../system/https/http2/frames.ts';
import { TurnWriter } from '../stream/turn-writer.ts';
import type { HttpsStream } from './stream.ts';

/** What a session of HTTP/2 sends: requests and other frames, those of a turn of the event loop together. */
export class RequestOutput {
  readonly #writer: TurnWriter;
  /** Octets that the server takes on all streams (RFC 9113 §6.9). */
  #window = INITIAL_WINDOW;
  /** Octets that it takes on a new one. */
  #streamWindow = INITIAL_WINDOW;

  constructor(socket: Duplex) {
    this.#writer = new TurnWriter(socket, false);
  }

  /** Whether the server does not take a body now, or reads too slowly for a further request. */
  get isBlocked(): boolean {
    return this.#window <= 0 || this.#writer.isFull;
  }

  /** Whether it does not read what is sent to it. */
  get isFull(): boolean {
    return this.#writer.isFull;
  }

  /** Sends a frame. */
  put(frame: Buffer): void {
    const at = this.#writer.room(frame.length);
    this.#writer.octets.set(frame, at);
    this.#writer.write();
  }

  /** Sends a request, with its body as far as the windows let. */
  begin(stream: HttpsStream): void {
    const { id, head, body } = stream;
    stream.sendWindow = this.#streamWindow;
    const at = this.#writer.room(FRAME_HEADER + head.length);
    const { octets } = this.#writer;
    const flags = Flag.END_HEADERS | (body.length === 0 ? Flag.END_STREAM : 0);
    octets.set(
      head,
      writeFrameHeader(octets, at, { length: head.length, type: FrameType.HEADERS, flags, stream: id }),
    );
    this.goOn(stream);
    this.#writer.write();
  }

  /** Sends more of a body, as far as the windows let. */
  goOn(stream: HttpsStream): void {
    const { id, body, sent } = stream;
    const length = Math.min(body.length - sent, MAX_FRAME, stream.sendWindow, this.#window);
    if (length <= 0) return;
    const at = this.#writer.room(FRAME_HEADER + length);
    const { octets } = this.#writer;
    const flags = sent + length === body.length ? Flag.END_STREAM : 0;
    const payload = writeFrameHeader(octets, at, { length, type: FrameType.DATA, flags, stream: id });
    octets.set(length === body.length ? body : body.subarray(sent, sent + length), payload);
    stream.sent += length;
    stream.sendWindow -= length;
    this.#window -= length;
    this.#writer.write();
  }

  /** The server takes more on all streams together. @throws Http2Error when that is too much. */
  widen(increment: number): void {
    this.#window += increment;
    if (this.#window > MAX_WINDOW) throw new Http2Error(ErrorCode.FLOW_CONTROL_ERROR);
  }

  /** The window of new streams, and by how much it changes those that are open. @throws Http2Error for one that is too large. */
  setStreamWindow(window: number): number {
    if (window > MAX_WINDOW) throw new Http2Error(ErrorCode.FLOW_CONTROL_ERROR);
    const change = window - this.#streamWindow;
    this.#streamWindow = window;
    return change;
  }
}
