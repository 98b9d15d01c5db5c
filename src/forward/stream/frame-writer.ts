import type { Socket } from 'node:net';

/** Maximum number of octets that wait for a peer that does not read. */
const MAX_UNSENT = 1 << 20;

/**
 * Writes messages to a stream, each with a length prefix (RFC 1035 §4.2.2).
 *
 * Over TCP, all messages of one turn of the event loop are sent in one segment (RFC 7766 §8 asks for length and message in
 * one write). Over TLS each message has its own record: dnsdist 1.7 does not read the last messages of a record before the
 * next record arrives. Node merges everything that is buffered into one record, so a message waits here until the one
 * before it was written.
 */
export class FrameWriter {
  readonly #socket: Socket;
  readonly #isOneByOne: boolean;
  /** Over TLS: frames that wait for the current write; the first is at `#at`. */
  #frames: Buffer[] = [];
  #at = 0;
  #isWriting = false;
  #waitingOctets = 0;
  #isCorked = false;

  constructor(socket: Socket, isOneByOne: boolean) {
    this.#socket = socket;
    this.#isOneByOne = isOneByOne;
  }

  /** Whether the peer reads too slowly for further messages. */
  get isFull(): boolean {
    return this.#waitingOctets + this.#socket.writableLength > MAX_UNSENT;
  }

  /** Sends a message as soon as the stream is ready; it is copied. */
  write(message: Uint8Array): void {
    const frame = Buffer.allocUnsafe(2 + message.length);
    frame.writeUInt16BE(message.length, 0);
    frame.set(message, 2);
    if (this.#isOneByOne) this.#writeInTurn(frame);
    else this.#writeTogether(frame);
  }

  #writeTogether(frame: Buffer): void {
    const socket = this.#socket;
    if (!this.#isCorked) {
      this.#isCorked = true;
      socket.cork();
      process.nextTick(() => {
        this.#isCorked = false;
        socket.uncork();
      });
    }
    socket.write(frame);
  }

  #writeInTurn(frame: Buffer): void {
    if (this.#isWriting) {
      this.#frames.push(frame);
      this.#waitingOctets += frame.length;
      return;
    }
    this.#isWriting = true;
    this.#socket.write(frame, this.#written);
  }

  readonly #written = (error?: Error | null): void => {
    const frame = this.#frames[this.#at];
    // After an error the socket closes, and pending queries hear of that.
    if (frame === undefined || error) {
      this.#frames = [];
      this.#at = 0;
      this.#isWriting = false;
      return;
    }
    this.#at += 1;
    this.#waitingOctets -= frame.length;
    this.#socket.write(frame, this.#written);
  };
}
