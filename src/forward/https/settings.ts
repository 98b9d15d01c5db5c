import {
  ErrorCode,
  FrameType,
  Http2Error,
  INITIAL_WINDOW,
  MAX_FRAME,
  numbersFrame,
  PREFACE,
  Setting,
  settingsFrame,
} from '../../system/https/http2/frames.ts';
import { MAX_HEADERS } from '../../system/https/shared/bounds.ts';

/** Octets that the server may send on one stream: the largest reply, with room for padding. They are never given back. */
const STREAM_WINDOW = 2 ** 17;

/** Octets that it may send on all of them before it has to wait for us. */
const CONNECTION_WINDOW = 2 ** 20;

/** Settings in one SETTINGS frame; six are defined. */
const MAX_SETTINGS = 16;

/** Octets of a setting. */
const LENGTH = 6;

/** What a server says of itself that counts for requests. */
export interface ServerSettings {
  /** Requests at once. */
  readonly maxStreams?: number;
  /** Octets of a body before its server has to be waited for. */
  readonly streamWindow?: number;
}

/** The payload of a SETTINGS frame (RFC 9113 §6.5.1), of which the last of each kind counts. @throws Http2Error */
export function readServerSettings(payload: Buffer): ServerSettings {
  if (payload.length % LENGTH !== 0) throw new Http2Error(ErrorCode.FRAME_SIZE_ERROR);
  if (payload.length > LENGTH * MAX_SETTINGS) throw new Http2Error(ErrorCode.ENHANCE_YOUR_CALM);
  const settings: { -readonly [Key in keyof ServerSettings]: ServerSettings[Key] } = {};
  for (let at = 0; at < payload.length; at += LENGTH) {
    const value = payload.readUInt32BE(at + 2);
    switch (payload.readUInt16BE(at)) {
      case Setting.ENABLE_PUSH:
        // RFC 9113 §6.5.2: "A server MUST NOT explicitly set this value to 1".
        if (value !== 0) throw new Http2Error(ErrorCode.PROTOCOL_ERROR);
        break;
      case Setting.MAX_FRAME_SIZE:
        if (value < MAX_FRAME || value >= 2 ** 24) throw new Http2Error(ErrorCode.PROTOCOL_ERROR);
        break;
      case Setting.MAX_CONCURRENT_STREAMS:
        settings.maxStreams = value;
        break;
      case Setting.INITIAL_WINDOW_SIZE:
        settings.streamWindow = value;
        break;
    }
  }
  return settings;
}

/** What a client sends first (RFC 9113 §3.4), and how much it takes. */
export const beginning: Buffer = Buffer.concat([
  PREFACE,
  settingsFrame([
    [Setting.ENABLE_PUSH, 0],
    [Setting.INITIAL_WINDOW_SIZE, STREAM_WINDOW],
    [Setting.MAX_HEADER_LIST_SIZE, MAX_HEADERS],
  ]),
  numbersFrame(FrameType.WINDOW_UPDATE, 0, CONNECTION_WINDOW - INITIAL_WINDOW),
]);

/** The octets of replies that a server may still send (RFC 9113 §6.9). */
export class ReceiveWindow {
  #left = CONNECTION_WINDOW;

  /** So many came. @returns how many are to be given back now. @throws Http2Error when there were more than there may be. */
  take(octets: number): number {
    this.#left -= octets;
    if (this.#left < 0) throw new Http2Error(ErrorCode.FLOW_CONTROL_ERROR);
    if (this.#left > CONNECTION_WINDOW >> 1) return 0;
    const back = CONNECTION_WINDOW - this.#left;
    this.#left = CONNECTION_WINDOW;
    return back;
  }
}
