import type { AnswerCache } from '../cache/answer-cache.ts';
import { KEY_CD, KEY_DO } from '../cache/question-key.ts';
import { Class, isMetaType, Type } from '../dns/codes.ts';
import { EdnsOptionCode } from '../dns/edns.ts';
import { HEADER_LENGTH } from '../dns/message.ts';
import { isEncrypted, isStream, type Protocol } from '../dns/protocol.ts';
import { MAX_MESSAGE_LENGTH } from '../dns/wire-writer.ts';
import { placeOf, type TrafficCounters } from '../observe/metrics/traffic.ts';
import type { AccessList } from './clients/access-list.ts';
import type { ClientRateLimit } from './clients/rate-limit.ts';
import type { LocalAnswers } from './local-answers.ts';
import { PADDING_HEADER, paddedLength, UDP_PAYLOAD_SIZE } from './reply.ts';
import {
  MINIMUM_UDP_PAYLOAD,
  OPT_LENGTH,
  OptWalk,
  u16,
  uncompressedNameEnd,
  walkLoneOpt,
} from './request.ts';

/** What the hot path needs. */
export interface HotPathParts {
  readonly cache: AnswerCache;
  readonly access: Pick<AccessList, 'isAllowed'>;
  readonly rate: Pick<ClientRateLimit, 'takeAnswer'>;
  /** What is answered before the cache is asked; undefined for nothing. */
  readonly local?: Pick<LocalAnswers, 'mayAnswer'> | undefined;
  readonly traffic: Pick<TrafficCounters, 'hit' | 'hitTook'>;
  /** A monotonic clock, in milliseconds. */
  readonly now: () => number;
}

/** The clock of what is measured; the global is a getter, which costs more than the call. */
const clock = performance;

/**
 * The path of nearly every query: a plain question with a fresh cached answer. It makes the octets of the reply from those of
 * the request without decoding, promises or allocation. Anything unusual is left to the responder's full path, which gives
 * the same octets for what can be answered here.
 *
 * In two steps, so that the reply is written straight into the transport's buffer: `find`, then `write`.
 */
export class HotPath {
  readonly #parts: HotPathParts;
  // The result of `find`, for `write`.
  #hit = -1;
  #request: Uint8Array = nothing;
  #questionEnd = 0;
  #now = 0;
  /** DO of the request's OPT record; -1 when it has none. */
  #dnssecOk = -1;
  /** Octets of the padding option. */
  #padding = 0;
  /** Where the answer is counted. */
  #place = 0;
  /** When the answer was begun, by `clock`, if it is one that is measured; else 0. */
  #begunAt = 0;
  /** The millisecond of the last that was measured. */
  #measuredAt = -1;

  constructor(parts: HotPathParts) {
    this.#parts = parts;
  }

  /**
   * Looks for the reply to `request`, a datagram or a frame, and counts it towards the client's rate limit.
   * @returns the length of the reply, which `write` then writes; or 0 for the full path, and then nothing was counted.
   */
  find(request: Uint8Array, client: string, protocol: Protocol): number {
    const end = request.length;
    if (end < HEADER_LENGTH + 5) return 0;
    // QR, OPCODE, AA and TC are 0; one question, no records but one that may be an OPT.
    if (((request[2] as number) & 0xfe) !== 0 || ((request[3] as number) & 0x8f) !== 0) return 0;
    if (request[4] !== 0 || request[5] !== 1 || request[10] !== 0 || (request[11] as number) > 1) return 0;
    if (
      ((request[6] as number) | (request[7] as number) | (request[8] as number) | (request[9] as number)) !==
      0
    )
      return 0;
    const nameEnd = uncompressedNameEnd(request);
    const questionEnd = nameEnd + 4;
    if (nameEnd < 0 || questionEnd > end) return 0;
    const type = u16(request, nameEnd);
    if (isMetaType(type) || request[nameEnd + 2] !== 0 || request[nameEnd + 3] !== Class.IN) return 0;

    const isOnStream = isStream(protocol);
    let limit = isOnStream ? MAX_MESSAGE_LENGTH : MINIMUM_UDP_PAYLOAD;
    let dnssecOk = -1;
    let isPadded = false;
    if (request[11] === 1) {
      const found = walkLoneOpt(request, questionEnd);
      isPadded = isEncrypted(protocol) && found === OptWalk.PADDING;
      if (!isPadded && !isPlainOpt(found, isOnStream)) return 0;
      if (request[questionEnd + 6] !== 0) return 0;
      dnssecOk = (request[questionEnd + 7] as number) >>> 7;
      if (!isOnStream) limit = payloadLimit(request, questionEnd);
    }

    const checkingDisabled = ((request[3] as number) & 0x10) !== 0;
    const keyFlags = (dnssecOk === 1 ? KEY_DO : 0) | (checkingDisabled ? KEY_CD : 0);
    const { cache, access, rate, local } = this.#parts;
    if (local?.mayAnswer(request, nameEnd)) return 0;
    const now = this.#parts.now();
    // One answer in each millisecond is measured.
    this.#begunAt = now === this.#measuredAt ? 0 : clock.now();
    const hit = cache.findHit(request, nameEnd, keyFlags, now);
    if (hit < 0) return 0;
    const unpadded = cache.records.length(hit) + (dnssecOk >= 0 ? OPT_LENGTH : 0);
    const length = isPadded ? paddedLength(unpadded) : unpadded;
    if (length > limit) return 0;
    if (!access.isAllowed(client) || !rate.takeAnswer(client, isOnStream)) return 0;

    cache.countHit(hit);
    this.#hit = hit;
    this.#request = request;
    this.#questionEnd = questionEnd;
    this.#now = now;
    this.#place = placeOf(protocol, type);
    this.#dnssecOk = dnssecOk;
    this.#padding = length - unpadded;
    return length;
  }

  /** Writes the reply that `find` found to `target` at `at`: once, before anything else is done. */
  write(target: Buffer, at: number): void {
    const hit = this.#hit;
    const { records } = this.#parts.cache;
    records.write(hit, target, at, this.#now);
    const isAuthentic = records.isAuthentic(hit);
    const request = this.#request;
    // ID, question, RD and CD are copied from the request (RFC 1035 §4.1.1, RFC 4035 §3.2.2).
    target[at] = request[0] as number;
    target[at + 1] = request[1] as number;
    target[at + 2] = (target[at + 2] as number) | ((request[2] as number) & 0x01);
    const flags = request[3] as number;
    const wantsAuthenticData = this.#dnssecOk === 1 || (flags & 0x20) !== 0;
    target[at + 3] =
      (target[at + 3] as number) | (flags & 0x10) | (isAuthentic && wantsAuthenticData ? 0x20 : 0);
    for (let i = HEADER_LENGTH; i < this.#questionEnd; i++) target[at + i] = request[i] as number;
    if (this.#dnssecOk >= 0) writeOpt(target, at, at + records.length(hit), this.#dnssecOk, this.#padding);
    this.#request = nothing;
    const { traffic } = this.#parts;
    // A cached answer of the hot path has no RCODE above 15, for which an OPT record would need it.
    traffic.hit(this.#place, (target[at + 3] as number) & 0x0f);
    if (this.#begunAt === 0) return;
    this.#measuredAt = this.#now;
    traffic.hitTook(clock.now() - this.#begunAt);
  }
}

/** Whether what `walkLoneOpt` found is an OPT record without an option that changes the reply. */
function isPlainOpt(found: number, isStream: boolean): boolean {
  // RFC 7828 §3.2.2: the keepalive option is ignored over UDP. So is padding, see `replyOpt`.
  return found === OptWalk.PLAIN || (found > OptWalk.PLAIN && !isStream);
}

/** Maximum size of a reply over UDP; the request's OPT record is at `at` (RFC 6891 §6.2.3 and §6.2.5). */
function payloadLimit(bytes: Uint8Array, at: number): number {
  return Math.min(Math.max(u16(bytes, at + 3), MINIMUM_UDP_PAYLOAD), UDP_PAYLOAD_SIZE);
}

const nothing = new Uint8Array(0);

/** Appends an OPT record at `end` to the message at `at`, without options but for a padding option of so many octets. */
function writeOpt(target: Buffer, at: number, end: number, dnssecOk: number, padding: number): void {
  target[end] = 0;
  target[end + 1] = 0;
  target[end + 2] = Type.OPT;
  target[end + 3] = UDP_PAYLOAD_SIZE >>> 8;
  target[end + 4] = UDP_PAYLOAD_SIZE & 0xff;
  target[end + 5] = 0;
  target[end + 6] = 0;
  target[end + 7] = dnssecOk << 7;
  target[end + 8] = 0;
  target[end + 9] = padding >>> 8;
  target[end + 10] = padding & 0xff;
  target.writeUInt16BE(target.readUInt16BE(at + 10) + 1, at + 10);
  if (padding > 0) writePadding(target, end + OPT_LENGTH, padding);
}

function writePadding(target: Buffer, at: number, octets: number): void {
  target.writeUInt16BE(EdnsOptionCode.PADDING, at);
  target.writeUInt16BE(octets - PADDING_HEADER, at + 2);
  target.fill(0, at + PADDING_HEADER, at + octets);
}
