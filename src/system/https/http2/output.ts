import type { Socket } from 'node:net';
import { nothing } from '../shared/exchange.ts';
import type { HttpsAnswer } from '../shared/server.ts';
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
} from './frames.ts';
import { encodedHead, maxHeaderLength, writeHeader } from './header-encoder.ts';

/** Octets for which room is made at once: an answer of DNS over HTTPS, and at most what a turn of the event loop answers. */
const MIN_ROOM = 1_024;
const MAX_ROOM = 16_384;

/** What one connection is sent: frames, those of one turn in one buffer and one write. */
export class Output {
  readonly #stream: Socket;
  /** What waits for the write, up to `#length`. */
  #octets: Buffer = nothing as Buffer;
  #length = 0;
  /** Octets of the last write: the next may be like it. */
  #usual = MIN_ROOM;
  #isCorked = false;
  #isScheduled = false;
  /** Octets of bodies that the client still takes (RFC 9113 §6.9). */
  #window = INITIAL_WINDOW;

  /** Calls `onRoom` when there is room again after `isBlocked`. */
  constructor(stream: Socket, onRoom: () => void) {
    this.#stream = stream;
    stream.on('drain', onRoom);
  }

  /** The client has not taken what was written: nothing more should be read that has to be answered. */
  get isBlocked(): boolean {
    return this.#stream.writableNeedDrain;
  }

  /** Frames wait for `uncork`. */
  cork(): void {
    this.#isCorked = true;
  }

  /** Writes what was corked. */
  uncork(): void {
    this.#isCorked = false;
    this.#flush();
  }

  /** Writes a frame, with others of this turn. */
  write(frame: Uint8Array): void {
    this.#room(frame.length).set(frame, this.#length);
    this.#add(frame.length);
  }

  /** Writes the head of an answer, with the end of its stream if that is all. @throws TypeError for a header that cannot be sent. */
  writeHead(id: number, { status, headers }: HttpsAnswer, length: number, isEmpty: boolean): void {
    const head = encodedHead(status, headers);
    const lengthText = String(length);
    const octets = this.#room(FRAME_HEADER + head.length + maxHeaderLength(LENGTH, lengthText) + DATE_OCTETS);
    const start = this.#length;
    octets.set(head, start + FRAME_HEADER);
    let end = writeHeader(octets, start + FRAME_HEADER + head.length, LENGTH, lengthText);
    const date = encodedDate();
    octets.set(date, end);
    end += date.length;
    writeFrameHeader(octets, start, {
      length: end - start - FRAME_HEADER,
      type: FrameType.HEADERS,
      flags: Flag.END_HEADERS | (isEmpty ? Flag.END_STREAM : 0),
      stream: id,
    });
    this.#add(end - start);
  }

  /** Writes as much of a body as both windows let. @returns how much. */
  writeData(id: number, body: Uint8Array, window: number): number {
    let sent = 0;
    while (sent < body.length) {
      const length = Math.min(body.length - sent, MAX_FRAME, window - sent, this.#window);
      if (length <= 0) return sent;
      const octets = this.#room(FRAME_HEADER + length);
      const flags = sent + length === body.length ? Flag.END_STREAM : 0;
      const at = writeFrameHeader(octets, this.#length, { length, type: FrameType.DATA, flags, stream: id });
      octets.set(length === body.length ? body : body.subarray(sent, sent + length), at);
      this.#add(FRAME_HEADER + length);
      this.#window -= length;
      sent += length;
    }
    return sent;
  }

  /** The client takes `increment` octets more. @throws Http2Error when those are too many. */
  widen(increment: number): void {
    this.#window += increment;
    if (this.#window > MAX_WINDOW) throw new Http2Error(ErrorCode.FLOW_CONTROL_ERROR);
  }

  /** Sends what was written, and that nothing follows. */
  end(): void {
    this.#isCorked = false;
    this.#flush();
    this.#stream.end();
  }

  /** Makes room for so many octets at `#length`. @returns where they go. */
  #room(length: number): Buffer {
    const needed = this.#length + length;
    if (needed <= this.#octets.length) return this.#octets;
    const octets = Buffer.allocUnsafe(Math.max(needed, 2 * this.#octets.length, this.#usual));
    octets.set(this.#octets.subarray(0, this.#length));
    this.#octets = octets;
    return octets;
  }

  /** So many octets were written where there was room. */
  #add(length: number): void {
    this.#length += length;
    if (this.#isCorked || this.#isScheduled) return;
    this.#isScheduled = true;
    process.nextTick(() => {
      this.#isScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    const length = this.#length;
    if (length === 0) return;
    // The stream may keep it until the client has taken it.
    const octets = this.#octets;
    this.#octets = nothing as Buffer;
    this.#length = 0;
    this.#usual = Math.min(MAX_ROOM, Math.max(MIN_ROOM, length));
    if (this.#stream.writable) this.#stream.write(octets.subarray(0, length));
  }
}

const LENGTH = 'content-length';
const DATE = 'date';
/** Octets that the header takes at most, which has 29 in each of its values. */
const DATE_OCTETS = maxHeaderLength(DATE, 'Thu, 01 Jan 1970 00:00:00 GMT');

let date: Uint8Array = nothing;
let dateAt = 0;

/** RFC 9110 §6.6.1, to the second. */
function encodedDate(): Uint8Array {
  const second = Math.floor(Date.now() / 1_000);
  if (second !== dateAt) {
    dateAt = second;
    const octets = Buffer.allocUnsafeSlow(DATE_OCTETS);
    date = octets.subarray(0, writeHeader(octets, 0, DATE, new Date(second * 1_000).toUTCString()));
  }
  return date;
}
