import { nothing } from '../shared/exchange.ts';
import { ErrorCode, FRAME_HEADER, Http2Error, MAX_FRAME, MAX_WINDOW, PREFACE } from './frames.ts';

/** Takes one frame; `payload` is valid as long as it is kept. @returns what reading it cost, from 1. */
export type FrameHandler = (type: number, flags: number, id: number, payload: Buffer) => number;

/** What a client sent and was not read: the preface (RFC 9113 §3.4), then frames (§4.1), each read when its turn comes. */
export class FrameInput {
  #octets: Buffer = nothing as Buffer;
  #at = 0;
  #hasPreface = false;

  /** A piece came, of any length. */
  add(piece: Buffer): void {
    const rest = this.#octets.length - this.#at;
    this.#octets = rest === 0 ? piece : Buffer.concat([this.#octets.subarray(this.#at), piece]);
    this.#at = 0;
  }

  /** Nothing more will be read. */
  clear(): void {
    this.#octets = nothing as Buffer;
    this.#at = 0;
  }

  /**
   * Reads one frame, or the preface, if it is there.
   * @returns what it cost, 0 for nothing.
   * @throws Http2Error for another preface or a frame that is too long, and what `onFrame` throws.
   */
  read(onFrame: FrameHandler): number {
    const octets = this.#octets;
    const at = this.#at;
    if (!this.#hasPreface) return this.#readPreface();
    if (octets.length - at < FRAME_HEADER) return 0;
    const length = octets.readUIntBE(at, 3);
    // RFC 9113 §4.2.
    if (length > MAX_FRAME) throw new Http2Error(ErrorCode.FRAME_SIZE_ERROR);
    const end = at + FRAME_HEADER + length;
    if (octets.length < end) return 0;
    this.#at = end;
    if (end === octets.length) this.clear();
    const type = octets[at + 3] as number;
    const flags = octets[at + 4] as number;
    return onFrame(
      type,
      flags,
      octets.readUInt32BE(at + 5) & MAX_WINDOW,
      octets.subarray(at + FRAME_HEADER, end),
    );
  }

  #readPreface(): number {
    const begun = this.#octets.subarray(this.#at, this.#at + PREFACE.length);
    if (!PREFACE.subarray(0, begun.length).equals(begun)) throw new Http2Error(ErrorCode.PROTOCOL_ERROR);
    if (begun.length < PREFACE.length) return 0;
    this.#hasPreface = true;
    this.#at += PREFACE.length;
    return 1;
  }
}
