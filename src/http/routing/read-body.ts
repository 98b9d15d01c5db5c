import type { IncomingMessage } from 'node:http';

/** A body is not to be had: it is larger than allowed, or did not come in time. */
export class BodyError extends Error {
  override readonly name = 'BodyError';
  readonly kind: 'too-large' | 'too-slow';

  constructor(kind: 'too-large' | 'too-slow') {
    super(`the body is ${kind}`);
    this.kind = kind;
  }
}

/** Bounds of a body. */
export interface BodyBounds {
  readonly octets: number;
  readonly milliseconds: number;
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal;
}

/** The body of a request. @throws BodyError, and the reason of `signal`. */
export function readBody(
  request: IncomingMessage,
  { octets, milliseconds, signal }: BodyBounds,
): Promise<Uint8Array> {
  // RFC 9110 §10.1.1: who waits for 100 (Continue) is told before it sends what is too large.
  if (Number(request.headers['content-length'] ?? 0) > octets)
    return Promise.reject(new BodyError('too-large'));
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let length = 0;
    const settle = (settleIt: () => void) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      request.off('data', onData);
      request.off('end', onEnd);
      settleIt();
    };
    const fail = (error: unknown) => settle(() => reject(error));
    const onAbort = () => fail(signal.reason);
    const onData = (piece: Buffer) => {
      length += piece.length;
      if (length > octets) fail(new BodyError('too-large'));
      else pieces.push(piece);
    };
    const onEnd = () => settle(() => resolve(Uint8Array.from(Buffer.concat(pieces))));
    const timer = setTimeout(() => fail(new BodyError('too-slow')), milliseconds);
    if (signal.aborted) {
      onAbort();
      return;
    }
    signal.addEventListener('abort', onAbort);
    request.on('data', onData);
    request.on('end', onEnd);
  });
}
