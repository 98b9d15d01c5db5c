/** The frames of RFC 9113 §6. */
export const FrameType = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;

/** Their flags. */
export const Flag = { ACK: 0x1, END_STREAM: 0x1, END_HEADERS: 0x4, PADDED: 0x8, PRIORITY: 0x20 } as const;

/** The settings of RFC 9113 §6.5.2 that are used. */
export const Setting = {
  ENABLE_PUSH: 2,
  MAX_CONCURRENT_STREAMS: 3,
  INITIAL_WINDOW_SIZE: 4,
  MAX_FRAME_SIZE: 5,
  MAX_HEADER_LIST_SIZE: 6,
} as const;

/** Why a stream or a connection ends (RFC 9113 §7). */
export const ErrorCode = {
  NO_ERROR: 0,
  PROTOCOL_ERROR: 1,
  FLOW_CONTROL_ERROR: 3,
  STREAM_CLOSED: 5,
  FRAME_SIZE_ERROR: 6,
  REFUSED_STREAM: 7,
  CANCEL: 8,
  COMPRESSION_ERROR: 9,
  ENHANCE_YOUR_CALM: 11,
} as const;

/** Ends the connection with a code of `ErrorCode`. */
export class Http2Error extends Error {
  override readonly name = 'Http2Error';
  readonly code: number;

  constructor(code: number) {
    super(`error ${code} of HTTP/2`);
    this.code = code;
  }
}

/** Octets before the payload of a frame. */
export const FRAME_HEADER = 9;

/** Octets of a payload: what RFC 9113 §6.5.2 begins with; we never ask for more, and send no more. */
export const MAX_FRAME = 16_384;

/** What a client sends first (RFC 9113 §3.4). */
export const PREFACE: Buffer = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** A window, and what is added to one, has 31 bits (RFC 9113 §6.9.1). */
export const MAX_WINDOW = 2 ** 31 - 1;

/** The windows that both sides begin with (RFC 9113 §6.9.2). */
export const INITIAL_WINDOW = 65_535;

/** What the header of a frame says. */
export interface FrameHeader {
  /** Octets of the payload. */
  readonly length: number;
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
}

/** Writes the header of a frame at `at`. @returns where its payload begins. */
export function writeFrameHeader(octets: Buffer, at: number, header: FrameHeader): number {
  const { length, type, flags, stream } = header;
  octets[at] = length >>> 16;
  octets[at + 1] = length >>> 8;
  octets[at + 2] = length;
  octets[at + 3] = type;
  octets[at + 4] = flags;
  octets[at + 5] = stream >>> 24;
  octets[at + 6] = stream >>> 16;
  octets[at + 7] = stream >>> 8;
  octets[at + 8] = stream;
  return at + FRAME_HEADER;
}

/** A frame with a payload. */
export function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const octets = Buffer.allocUnsafe(FRAME_HEADER + payload.length);
  octets.set(payload, writeFrameHeader(octets, 0, { length: payload.length, type, flags, stream }));
  return octets;
}

/** A frame whose payload is numbers of 32 bits. */
export function numbersFrame(type: number, stream: number, ...numbers: readonly number[]): Buffer {
  const octets = Buffer.allocUnsafe(FRAME_HEADER + 4 * numbers.length);
  let at = writeFrameHeader(octets, 0, { length: 4 * numbers.length, type, flags: 0, stream });
  for (const number of numbers) at = octets.writeUInt32BE(number, at);
  return octets;
}

/** A SETTINGS frame (RFC 9113 §6.5.1). */
export function settingsFrame(settings: readonly (readonly [setting: number, value: number])[]): Buffer {
  const payload = Buffer.allocUnsafe(6 * settings.length);
  let at = 0;
  for (const [setting, value] of settings)
    at = payload.writeUInt32BE(value, payload.writeUInt16BE(setting, at));
  return frame(FrameType.SETTINGS, 0, 0, payload);
}

/** @throws Http2Error for a payload of another length. */
export function requireLength({ length }: Buffer, wanted: number): void {
  if (length !== wanted) throw new Http2Error(ErrorCode.FRAME_SIZE_ERROR);
}

/** @throws Http2Error for a frame of a stream that must be one of the connection. */
export function requireConnection(id: number): void {
  if (id !== 0) throw new Http2Error(ErrorCode.PROTOCOL_ERROR);
}
