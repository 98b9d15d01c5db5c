import type { FrameInput } from '../../system/https/http2/frame-input.ts';
import { ErrorCode, Flag, FrameType, Http2Error } from '../../system/https/http2/frames.ts';
import { HeaderDecoder } from '../../system/https/http2/header-decoder.ts';
import { ReplyHead } from './reply-head.ts';

/** Octets of headers of a reply, in a block and as the server counts them. */
export const MAX_HEADERS = 16_384;

/** Frames that one block of headers may come in (CVE-2024-27983). */
const MAX_FRAMES = 8;

/** RFC 9113 §6.2: the dependency and the weight that are no longer used. */
const PRIORITY_LENGTH = 5;

/** Takes the head of a reply; `isLast` if nothing of the stream follows. */
export type HeadHandler = (id: number, head: ReplyHead, isLast: boolean) => void;

/** The blocks of headers of a session, each in one or several frames, all of which are decoded: those that follow refer to them. */
export class HeaderBlocks {
  readonly #onHead: HeadHandler;
  readonly #decoder = new HeaderDecoder();
  /** One that is not whole. */
  #begun: { readonly id: number; readonly isLast: boolean; readonly pieces: Buffer[] } | undefined;

  constructor(onHead: HeadHandler) {
    this.#onHead = onHead;
  }

  /** Whether a frame may come now: nothing else comes within a block (RFC 9113 §6.10). */
  allows({ type, id }: FrameInput): boolean {
    if (this.#begun === undefined) return type !== FrameType.CONTINUATION;
    return type === FrameType.CONTINUATION && id === this.#begun.id;
  }

  /** A HEADERS frame. @throws Http2Error */
  begin(frame: FrameInput): void {
    frame.withoutPadding();
    const { flags, id } = frame;
    if ((flags & Flag.PRIORITY) !== 0) frame.start += PRIORITY_LENGTH;
    if (frame.start > frame.end) throw new Http2Error(ErrorCode.FRAME_SIZE_ERROR);
    const isLast = (flags & Flag.END_STREAM) !== 0;
    if ((flags & Flag.END_HEADERS) !== 0) this.#decode(id, isLast, frame);
    else this.#begun = { id, isLast, pieces: [frame.payload()] };
  }

  /** A CONTINUATION frame. @throws Http2Error */
  goOn(frame: FrameInput): void {
    const begun = this.#begun;
    if (begun === undefined) return;
    begun.pieces.push(frame.payload());
    const length = begun.pieces.reduce((sum, piece) => sum + piece.length, 0);
    if (length > MAX_HEADERS || begun.pieces.length > MAX_FRAMES)
      throw new Http2Error(ErrorCode.ENHANCE_YOUR_CALM);
    if ((frame.flags & Flag.END_HEADERS) === 0) return;
    this.#begun = undefined;
    this.#decode(begun.id, begun.isLast, { octets: Buffer.concat(begun.pieces), start: 0, end: length });
  }

  #decode(id: number, isLast: boolean, block: Pick<FrameInput, 'octets' | 'start' | 'end'>): void {
    const head = new ReplyHead();
    this.#decoder.decode(block.octets, block.start, block.end, head);
    this.#onHead(id, head, isLast);
  }
}
