/** The frames of HTTP/2 (RFC 9113 §6), written by hand: a client library would not send what attackers send. */
const Frame = {
  DATA: 0,
  HEADERS: 1,
  RST_STREAM: 3,
  SETTINGS: 4,
  PING: 6,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;

const END_STREAM = 0x1;
const END_HEADERS = 0x4;

/** What a client of HTTP/2 sends first (RFC 9113 §3.4); `window` is the initial one of its streams. */
export function preface(window = 65_535): Buffer {
  const initialWindowSize = Buffer.from([0, 4, 0, 0, 0, 0]);
  initialWindowSize.writeUInt32BE(window, 2);
  return Buffer.concat([
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    frame(Frame.SETTINGS, 0, 0, initialWindowSize),
  ]);
}

/** The head of a request on a stream; `headers` are added. With `isOpen` a body follows. */
export function head(
  stream: number,
  {
    method = 'GET',
    path = '/dns-query',
    isOpen = false,
    headers = [],
  }: {
    readonly method?: string;
    readonly path?: string;
    readonly isOpen?: boolean;
    readonly headers?: readonly (readonly [string, string])[];
  } = {},
): Buffer {
  const fields = [
    [':method', method],
    [':scheme', 'https'],
    [':path', path],
    [':authority', 'localhost'],
    ...headers,
  ] as const;
  const block = Buffer.concat(fields.map(([name, value]) => literal(name, value)));
  return frame(Frame.HEADERS, END_HEADERS | (isOpen ? 0 : END_STREAM), stream, block);
}

/** The beginning of a head that is never ended, and one more piece of it. */
export function endlessHead(stream: number): { readonly first: Buffer; readonly more: Buffer } {
  const block = Buffer.concat([literal(':method', 'GET'), literal('x', 'y'.repeat(1_000))]);
  return { first: frame(Frame.HEADERS, 0, stream, block), more: frame(Frame.CONTINUATION, 0, stream, block) };
}

export function data(stream: number, octets: Uint8Array): Buffer {
  return frame(Frame.DATA, 0, stream, octets);
}

export function reset(stream: number): Buffer {
  return frame(Frame.RST_STREAM, 0, stream, Buffer.from([0, 0, 0, 8]));
}

/** An increment of 0 has the server reset the stream (RFC 9113 §6.9). */
export function windowUpdate(stream: number, increment: number): Buffer {
  const octets = Buffer.alloc(4);
  octets.writeUInt32BE(increment);
  return frame(Frame.WINDOW_UPDATE, 0, stream, octets);
}

export const ping: Buffer = frame(Frame.PING, 0, 0, Buffer.alloc(8));
export const settings: Buffer = frame(Frame.SETTINGS, 0, 0, Buffer.alloc(0));

function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}

/** RFC 7541 §6.2.2, with a new name, without Huffman coding. */
function literal(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.of(0), text(name), text(value)]);
}

/** RFC 7541 §5.2 and §5.1. */
function text(value: string): Buffer {
  const octets = Buffer.from(value, 'latin1');
  if (octets.length < 127) return Buffer.concat([Buffer.of(octets.length), octets]);
  const length = [127];
  let rest = octets.length - 127;
  for (; rest > 127; rest >>>= 7) length.push((rest & 127) | 128);
  return Buffer.concat([Buffer.from([...length, rest]), octets]);
}
