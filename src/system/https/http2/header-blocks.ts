import * as bounds from '../shared/bounds.ts';
import type { FrameInput } from './frame-input.ts';
import { ErrorCode, Flag, FrameType, Http2Error } from './frames.ts';

/** RFC 9113 §6.2: the dependency and the weight that are no longer used. */
const PRIORITY_LENGTH = 5;

/** Takes a whole block, from `start` to `end`, with the flags of its HEADERS frame. What it returns `begin` and `goOn` return. */
export type BlockHandler<T> = (id: number, flags: number, octets: Buffer, start: number, end: number) => T;

/** The blocks of headers of a session, of a client or a server, each in one or several frames. */
export class HeaderBlocks<T> {
  readonly #onBlock: BlockHandler<T>;
  /** One that is not whole. */
  #begun:
    | { readonly id: number; readonly flags: number; readonly pieces: Buffer[]; octets: number }
    | undefined;

  constructor(onBlock: BlockHandler<T>) {
    this.#onBlock = onBlock;
  }

  /** Whether a frame may come now: nothing else comes within a block (RFC 9113 §6.10). */
  allows({ type, id }: FrameInput): boolean {
    if (this.#begun === undefined) return type !== FrameType.CONTINUATION;
    return type === FrameType.CONTINUATION && id === this.#begun.id;
  }

  /** A HEADERS frame. @returns undefined as long as the block is not whole. @throws Http2Error, and what the handler throws. */
  begin(frame: FrameInput): T | undefined {
    frame.withoutPadding();
    const { id, flags } = frame;
    if ((flags & Flag.PRIORITY) !== 0) {
      frame.start += PRIORITY_LENGTH;
      if (frame.start > frame.end) throw new Http2Error(ErrorCode.FRAME_SIZE_ERROR);
    }
    if ((flags & Flag.END_HEADERS) !== 0)
      return this.#onBlock(id, flags, frame.octets, frame.start, frame.end);
    this.#begun = { id, flags, pieces: [], octets: 0 };
    return this.goOn(frame);
  }

  /** A CONTINUATION frame. The same. */
  goOn(frame: FrameInput): T | undefined {
    const begun = this.#begun;
    if (begun === undefined) return undefined;
    const piece = frame.payload();
    begun.pieces.push(piece);
    begun.octets += piece.length;
    if (begun.octets > bounds.MAX_HEADERS || begun.pieces.length > bounds.MAX_CONTINUATIONS)
      throw new Http2Error(ErrorCode.ENHANCE_YOUR_CALM);
    if ((frame.flags & Flag.END_HEADERS) === 0) return undefined;
    this.#begun = undefined;
    return this.#onBlock(begun.id, begun.flags, Buffer.concat(begun.pieces), 0, begun.octets);
  }
}
