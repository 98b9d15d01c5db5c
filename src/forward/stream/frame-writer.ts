import type { Socket } from 'node:net';
import { MAX_UNSENT, TurnWriter } from './turn-writer.ts';

/** Octets before each message: its length. */
const PREFIX = 2;

/**
 * Writes messages to a stream, each with a length prefix (RFC 1035 §4.2.2). The messages of one turn of the event loop are sent
 * together (RFC 7766 §8 asks for length and message in one write).
 *
 * Over TLS the last of them has a record of its own, which is sent in the next turn: dnsdist 1.7 does not read the last messages of
 * a record before the next record arrives.
 */
export class FrameWriter {
  readonly #socket: Socket;
  readonly #turns: TurnWriter | undefined;
  #isCorked = false;

  constructor(socket: Socket, isTls: boolean) {
    this.#socket = socket;
    this.#turns = isTls ? new TurnWriter(socket, true) : undefined;
  }

  /** Whether the peer reads too slowly for further messages. */
  get isFull(): boolean {
    return this.#turns?.isFull ?? this.#socket.writableLength > MAX_UNSENT;
  }

  /** Sends a message as soon as the stream is ready; it is copied. */
  write(message: Uint8Array): void {
    const turns = this.#turns;
    const length = PREFIX + message.length;
    const at = turns?.room(length) ?? 0;
    const octets = turns?.octets ?? Buffer.allocUnsafe(length);
    octets[at] = message.length >>> 8;
    octets[at + 1] = message.length;
    octets.set(message, at + PREFIX);
    if (turns !== undefined) turns.write();
    else this.#writeTogether(octets);
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
}
