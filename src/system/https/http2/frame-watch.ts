import { TokenBucket } from '../../../async/token-bucket.ts';
import * as bounds from '../shared/bounds.ts';
import { ErrorCode, Http2Error } from './frames.ts';

/**
 * Counts the frames of one connection that cost us more than the client. Each method throws an `Http2Error` when there were more than a client
 * that means well would send.
 */
export class FrameWatch {
  readonly #resets = new TokenBucket(
    { burst: bounds.RESET_BURST, perSecond: bounds.RESET_RATE },
    performance.now(),
  );
  #control = 0;
  #invalid = 0;
  #refused = 0;

  /** PING, SETTINGS and whatever else is not a request. */
  onControl(): void {
    if (++this.#control > bounds.MAX_CONTROL_FRAMES) throw calm();
  }

  /** A client gives back the room that an answer took: on its stream, and on the connection. */
  onAnswer(): void {
    this.#control -= 2;
  }

  /** The client has reset a stream. */
  onReset(): void {
    if (!this.#resets.take(performance.now())) throw calm();
  }

  /** What had a stream reset by us. */
  onInvalid(): void {
    if (++this.#invalid > bounds.MAX_INVALID_FRAMES) throw calm();
  }

  /** A stream beyond those that there may be. */
  onRefusedStream(): void {
    if (++this.#refused > bounds.MAX_REJECTED_STREAMS) throw calm();
  }

  /** Counts control frames anew. */
  look(): void {
    this.#control = 0;
  }
}

function calm(): Http2Error {
  return new Http2Error(ErrorCode.ENHANCE_YOUR_CALM);
}
