import type { Socket } from 'node:net';
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
import { encodeHeaders, maxEncodedLength } from './header-encoder.ts';

/** What one connection is sent: frames, several in one write. */
export class Output {
  readonly #stream: Socket;
  #frames: Buffer[] = [];
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
  write(frame: Buffer): void {
    this.#frames.push(frame);
    if (this.#isCorked || this.#isScheduled) return;
    this.#isScheduled = true;
    process.nextTick(() => {
      this.#isScheduled = false;
      this.#flush();
    });
  }

  /** Writes the head of an answer, with the end of its stream if that is all. @throws TypeError for a header that cannot be sent. */
  writeHead(id: number, { status, headers }: HttpsAnswer, length: number, isEmpty: boolean): void {
    const all = [
      ...Object.entries(headers),
      ['content-length', String(length)],
      ['date', httpDate()],
    ] as const;
    const octets = Buffer.allocUnsafe(
      FRAME_HEADER + maxEncodedLength(all as readonly (readonly [string, string])[]),
    );
    const end = encodeHeaders(octets, FRAME_HEADER, status, all as readonly (readonly [string, string])[]);
    const flags = Flag.END_HEADERS | (isEmpty ? Flag.END_STREAM : 0);
    writeFrameHeader(octets, 0, [end - FRAME_HEADER, FrameType.HEADERS, flags, id]);
    this.write(octets.subarray(0, end));
  }

  /** Writes as much of a body as both windows let. @returns how much. */
  writeData(id: number, body: Uint8Array, window: number): number {
    let sent = 0;
    while (sent < body.length) {
      const length = Math.min(body.length - sent, MAX_FRAME, window - sent, this.#window);
      if (length <= 0) return sent;
      const octets = Buffer.allocUnsafe(FRAME_HEADER + length);
      const isLast = sent + length === body.length;
      const at = writeFrameHeader(octets, 0, [length, FrameType.DATA, isLast ? Flag.END_STREAM : 0, id]);
      octets.set(body.subarray(sent, sent + length), at);
      this.write(octets);
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

  #flush(): void {
    const frames = this.#frames;
    if (frames.length === 0) return;
    this.#frames = [];
    if (this.#stream.writable)
      this.#stream.write(frames.length === 1 ? (frames[0] as Buffer) : Buffer.concat(frames));
  }
}

let date = '';
let dateAt = 0;

/** RFC 9110 §6.6.1, to the second. */
function httpDate(): string {
  const second = Math.floor(Date.now() / 1_000);
  if (second !== dateAt) {
    dateAt = second;
    date = new Date(second * 1_000).toUTCString();
  }
  return date;
}
