import { nothing } from '../shared/exchange.ts';
import { ErrorCode, Flag, FRAME_HEADER, Http2Error, MAX_FRAME, MAX_WINDOW, PREFACE } from './frames.ts';

/**
 * What the peer sent and was not read: the preface of a client (RFC 9113 §3.4), then frames (§4.1), each read when its turn comes. `next` goes to the
 * next frame, which the fields are then about.
 */
export class FrameInput {
  type = 0;
  flags = 0;
  id = 0;
  /** What the payload is in, which never changes, and where. */
  octets: Buffer = nothing as Buffer;
  start = 0;
  end = 0;
  /** What follows the frame. */
  #rest: Buffer = nothing as Buffer;
  #at = 0;
  #hasPreface: boolean;

  /** A server sends no preface. */
  constructor(from: 'client' | 'server') {
    this.#hasPreface = from === 'server';
  }

  /** A piece came, of any length. */
  add(piece: Buffer): void {
    this.#rest =
      this.#at === this.#rest.length ? piece : Buffer.concat([this.#rest.subarray(this.#at), piece]);
    this.#at = 0;
  }

  /** Nothing more will be read. */
  clear(): void {
    this.octets = nothing as Buffer;
    this.#rest = nothing as Buffer;
    this.#at = 0;
  }

  /** Goes to the next frame, if it is there. @throws Http2Error for another preface or a frame that is too long. */
  next(): boolean {
    // What was read is not kept until more comes.
    this.octets = nothing as Buffer;
    if (!this.#hasPreface && !this.#readPreface()) return false;
    const octets = this.#rest;
    const at = this.#at;
    if (octets.length - at < FRAME_HEADER) return false;
    const length = u16(octets, at) * 256 + (octets[at + 2] as number);
    // RFC 9113 §4.2.
    if (length > MAX_FRAME) throw new Http2Error(ErrorCode.FRAME_SIZE_ERROR);
    const start = at + FRAME_HEADER;
    const end = start + length;
    if (octets.length < end) return false;
    this.type = octets[at + 3] as number;
    this.flags = octets[at + 4] as number;
    this.id = (u16(octets, at + 5) * 0x1_0000 + u16(octets, at + 7)) & MAX_WINDOW;
    this.octets = octets;
    this.start = start;
    this.end = end;
    this.#at = end;
    if (end === octets.length) {
      this.#rest = nothing as Buffer;
      this.#at = 0;
    }
    return true;
  }

  /** The payload of the frame. */
  payload(): Buffer {
    return this.octets.subarray(this.start, this.end);
  }

  /** Takes the padding from the payload (RFC 9113 §6.1). @throws Http2Error for padding that is longer than the frame. */
  withoutPadding(): void {
    if ((this.flags & Flag.PADDED) === 0) return;
    const padding = this.octets[this.start] as number;
    if (this.start === this.end || padding >= this.end - this.start)
      throw new Http2Error(ErrorCode.PROTOCOL_ERROR);
    this.start++;
    this.end -= padding;
  }

  #readPreface(): boolean {
    const begun = this.#rest.subarray(this.#at, this.#at + PREFACE.length);
    if (!PREFACE.subarray(0, begun.length).equals(begun)) throw new Http2Error(ErrorCode.PROTOCOL_ERROR);
    if (begun.length < PREFACE.length) return false;
    this.#hasPreface = true;
    this.#at += PREFACE.length;
    return true;
  }
}

function u16(octets: Buffer, at: number): number {
  return (octets[at] as number) * 256 + (octets[at + 1] as number);
}
