import { once } from 'node:events';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { Type } from '../../src/dns/codes.ts';
import { FrameReader } from '../../src/dns/frame-reader.ts';
import { decodeMessage, type Message } from '../../src/dns/message.ts';
import { frame, query } from './dns-client.ts';

/** A client of DNS over TLS that checks the certificate, and what it hears. */
export class TlsClient {
  readonly socket: TLSSocket;
  readonly heard: { readonly message: Message; readonly octets: Uint8Array }[] = [];
  error: NodeJS.ErrnoException | undefined;
  #wake: () => void = () => {};

  constructor(port: number, ca: string, options: ConnectionOptions = {}) {
    this.socket = connect({
      ...{ port, host: '127.0.0.1', servername: 'localhost', ca, ALPNProtocols: ['dot'] },
      ...options,
    });
    const reader = new FrameReader((octets) => {
      this.heard.push({ message: decodeMessage(octets), octets: new Uint8Array(octets) });
      this.#wake();
    });
    this.socket.on('data', (piece) => reader.push(piece));
    this.socket.on('error', (error) => {
      this.error = error;
    });
    this.socket.on('close', () => this.#wake());
  }

  /** Resolves when the handshake is over, or failed. */
  async handshake(): Promise<this> {
    if (this.error === undefined && !this.socket.destroyed)
      await Promise.race([once(this.socket, 'secureConnect'), once(this.socket, 'close')]).catch(() => {});
    return this;
  }

  /** The names of the certificate that it was shown. */
  get shownNames(): string {
    return this.socket.getPeerCertificate().subjectaltname ?? '';
  }

  send(name: string, id: number, parts: Partial<Message> = {}): void {
    this.socket.write(frame(query(name, Type.A, { id, ...parts })));
  }

  /** The first `count` replies, fewer when the connection is closed before. */
  async replies(count: number): Promise<readonly number[]> {
    while (this.heard.length < count && !this.socket.destroyed)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    return this.heard.map(({ message }) => message.id);
  }
}
