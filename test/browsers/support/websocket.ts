/** Just enough of WebSockets (RFC 6455) for what the tests need: Firefox's automation, and a site that sends back what it gets. */
import { createHash, randomBytes } from 'node:crypto';
import { type IncomingMessage, request } from 'node:http';
import type { Duplex } from 'node:stream';

const Opcode = { TEXT: 1, CLOSE: 8, PING: 9, PONG: 10 } as const;
/** §1.3: the GUID that an answer is hashed with. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** Octets of one message; Firefox's largest is a page of text. */
const MOST_OCTETS = 16 << 20;

/** A connection after its handshake. */
export class WebSocketConnection {
  readonly #socket: Duplex;
  /** §5.3: "A client MUST mask all frames that it sends to the server". */
  readonly #isClient: boolean;
  #octets = Buffer.alloc(0);
  #message = Buffer.alloc(0);

  constructor(
    socket: Duplex,
    head: Uint8Array,
    { isClient, onText }: { readonly isClient: boolean; readonly onText: (text: string) => void },
  ) {
    this.#socket = socket;
    this.#isClient = isClient;
    socket.on('error', () => socket.destroy());
    const take = (octets: Uint8Array) => {
      this.#octets = Buffer.concat([this.#octets, octets]);
      if (this.#octets.length > MOST_OCTETS) socket.destroy();
      while (this.#takeFrame(onText));
    };
    socket.on('data', take);
    take(head);
  }

  send(text: string): void {
    this.#sendFrame(Opcode.TEXT, Buffer.from(text));
  }

  close(): void {
    this.#sendFrame(Opcode.CLOSE, Buffer.alloc(0));
    this.#socket.end();
  }

  /** Calls back when the connection is over. */
  onClose(done: () => void): void {
    this.#socket.once('close', done);
  }

  /** Takes the next frame from the octets that came, if all of it is there (§5.2). */
  #takeFrame(onText: (text: string) => void): boolean {
    const octets = this.#octets;
    if (octets.length < 2) return false;
    const isLast = (octets.readUInt8(0) & 0x80) !== 0;
    const opcode = octets.readUInt8(0) & 0x0f;
    const isMasked = (octets.readUInt8(1) & 0x80) !== 0;
    const short = octets.readUInt8(1) & 0x7f;
    const lengthOctets = short === 126 ? 2 : short === 127 ? 8 : 0;
    const start = 2 + lengthOctets + (isMasked ? 4 : 0);
    if (octets.length < start) return false;
    const length =
      short === 126 ? octets.readUInt16BE(2) : short === 127 ? Number(octets.readBigUInt64BE(2)) : short;
    if (octets.length < start + length) return false;
    const payload = Buffer.from(octets.subarray(start, start + length));
    if (isMasked) mask(payload, octets.subarray(start - 4, start));
    this.#octets = octets.subarray(start + length);
    if (opcode === Opcode.CLOSE) this.#socket.end();
    else if (opcode === Opcode.PING) this.#sendFrame(Opcode.PONG, payload);
    else if (opcode !== Opcode.PONG) {
      this.#message = Buffer.concat([this.#message, payload]);
      if (isLast) {
        const text = this.#message.toString('utf8');
        this.#message = Buffer.alloc(0);
        onText(text);
      }
    }
    return true;
  }

  #sendFrame(opcode: number, payload: Buffer): void {
    if (!this.#socket.writable) return;
    const { length } = payload;
    const head = Buffer.alloc(length < 126 ? 2 : length < 1 << 16 ? 4 : 10);
    head.writeUInt8(0x80 | opcode, 0);
    if (head.length === 2) head.writeUInt8(length, 1);
    else if (head.length === 4) head.writeUIntBE((126 << 16) | length, 1, 3);
    else {
      head.writeUInt8(127, 1);
      head.writeBigUInt64BE(BigInt(length), 2);
    }
    if (!this.#isClient) {
      this.#socket.write(Buffer.concat([head, payload]));
      return;
    }
    head.writeUInt8(head.readUInt8(1) | 0x80, 1);
    const key = randomBytes(4);
    const masked = Buffer.from(payload);
    mask(masked, key);
    this.#socket.write(Buffer.concat([head, key, masked]));
  }
}

function mask(payload: Buffer, key: Uint8Array): void {
  for (let i = 0; i < payload.length; i++) payload[i] = (payload[i] ?? 0) ^ (key[i % 4] ?? 0);
}

/** Connects to a `ws:` URL. */
export function connectWebSocket(url: string, onText: (text: string) => void): Promise<WebSocketConnection> {
  return new Promise((resolve, reject) => {
    const headers = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-key': randomBytes(16).toString('base64'),
      'sec-websocket-version': '13',
    };
    const asked = request(url.replace(/^ws:/, 'http:'), { headers });
    asked.on('upgrade', (_, socket, head) =>
      resolve(new WebSocketConnection(socket, head, { isClient: true, onText })),
    );
    asked.on('response', ({ statusCode }) =>
      reject(new Error(`no WebSocket at ${url}: status ${statusCode}`)),
    );
    asked.on('error', reject);
    asked.end();
  });
}

/** Answers the handshake of a client (§4.2.2). */
export function acceptWebSocket(
  asked: IncomingMessage,
  socket: Duplex,
  head: Uint8Array,
  onText: (text: string, connection: WebSocketConnection) => void,
): void {
  const accept = createHash('sha1').update(`${asked.headers['sec-websocket-key']}${GUID}`).digest('base64');
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Connection: Upgrade',
    'Upgrade: websocket',
    `Sec-WebSocket-Accept: ${accept}`,
  ];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  const connection = new WebSocketConnection(socket, head, {
    isClient: false,
    onText: (text) => onText(text, connection),
  });
}
