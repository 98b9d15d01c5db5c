import type { ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import { readTtl } from '../../dns/ttl.ts';
import { ErrorCode } from '../../system/https/http2/frames.ts';
import { UpstreamFailure } from '../errors.ts';
import type { UpstreamReply } from '../reply.ts';

/** The body of a successful HTTP response. The DNS message has not been parsed. */
export interface HttpsReply {
  /** Up to 65,535 octets. */
  readonly bytes: Uint8Array;
  /** Seconds that it has spent in HTTP caches. */
  readonly age: number;
}

/** The outcome of one request; `lost` if its stream ended before the reply was complete. */
export type HttpsOutcome = HttpsReply | UpstreamFailure | 'lost';

/** RFC 8484 §6: messages are those of RFC 1035, whose length over TCP is 16 bits. */
const MAX_REPLY_LENGTH = 65_535;

/** Higher ages count as a week. */
const MAX_AGE = 604_800;

/** Reads the reply on a stream; `ended` is called once, when the stream is closed. */
export function receiveReply(stream: ClientHttp2Stream, ended: (outcome: HttpsOutcome) => void): void {
  const pieces: Uint8Array[] = [];
  let length = 0;
  let age = 0;
  let hasHead = false;
  let outcome: HttpsOutcome = 'lost';
  const refuse = (text: string): void => {
    outcome = new UpstreamFailure('malformed', text);
    stream.close(ErrorCode.CANCEL);
  };
  stream.on('response', (head) => {
    hasHead = true;
    age = ageOf(head);
    const why = whyNoReply(head);
    if (why !== undefined) refuse(why);
  });
  stream.on('data', (piece: Uint8Array) => {
    if (outcome !== 'lost') return;
    length += piece.length;
    if (length > MAX_REPLY_LENGTH) refuse(`sent more than ${MAX_REPLY_LENGTH} octets`);
    else pieces.push(piece);
  });
  stream.on('end', () => {
    if (outcome === 'lost' && hasHead && stream.rstCode === ErrorCode.NO_ERROR) {
      outcome = { bytes: Buffer.concat(pieces, length), age };
    }
  });
  // It says only that the stream closed without a reply, which `close` says too, or was cancelled.
  stream.on('error', () => {});
  stream.on('close', () => ended(outcome));
}

/**
 * The reply after `age` seconds in HTTP caches. RFC 8484 §5.1: "DoH clients MUST account for the Age of a response
 * when calculating the DNS TTL of a response". Its bytes are changed in place.
 */
export function withAge(reply: UpstreamReply, age: number): UpstreamReply {
  if (age === 0) return reply;
  const { bytes, layout } = reply;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const offset of layout.ttlOffsets) view.setUint32(offset, aged(view.getUint32(offset), age));
  const { minimumTtl, negativeTtl } = layout;
  return {
    ...reply,
    layout: {
      ...layout,
      minimumTtl: minimumTtl === undefined ? undefined : aged(minimumTtl, age),
      negativeTtl: negativeTtl === undefined ? undefined : aged(negativeTtl, age),
    },
  };
}

function aged(ttl: number, age: number): number {
  return Math.max(readTtl(ttl) - age, 0);
}

/** Why the response with these headers is not a DNS reply, as a clause; undefined if it is one. */
function whyNoReply(head: IncomingHttpHeaders): string | undefined {
  const status = Number(head[':status']);
  // RFC 8484 §4.2.1: only a successful status has a DNS reply, and a redirection would lead to another server.
  if (status !== 200) return `answered with HTTP status ${status}`;
  const type = textOf(head['content-type']);
  if (!/^application\/dns-message\s*(?:;|$)/i.test(type)) return `answered with ${describeType(type)}`;
  const length = Number(textOf(head['content-length']));
  return length > MAX_REPLY_LENGTH ? `sends ${length} octets, more than ${MAX_REPLY_LENGTH}` : undefined;
}

function describeType(type: string): string {
  if (type === '') return 'a reply without a content type';
  return `content of type ${type.replace(/[^ -~]/g, '?').slice(0, 60)}, not application/dns-message`;
}

function ageOf(head: IncomingHttpHeaders): number {
  const text = textOf(head['age']);
  return /^\d{1,10}$/.test(text) ? Math.min(Number(text), MAX_AGE) : 0;
}

/** An optional header; empty if it is missing or repeated. */
function textOf(header: string | readonly string[] | undefined): string {
  return typeof header === 'string' ? header : '';
}
