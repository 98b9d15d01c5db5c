import type { Socket } from 'node:net';
import { join } from 'node:path';

/** The reply to a control request. */
export type ControlReply =
  | { readonly ok: true; readonly value?: unknown }
  | { readonly ok: false; readonly message: string };

/** A control request failed, or the socket cannot be used: one sentence. */
export class ControlError extends Error {
  override readonly name = 'ControlError';
}

/** The path of the control socket of the program that uses this state directory. */
export function controlSocketPath(stateDir: string): string {
  return join(stateDir, 'control.sock');
}

/** The longest request, in octets: a command and a domain name in presentation form. */
export const MAX_REQUEST = 4096;

/** The longest reply, in octets, that a client accepts. */
export const MAX_REPLY = 16 * 1024 * 1024;

/** Milliseconds that either side waits for the other. */
export const CONTROL_TIMEOUT = 5_000;

/**
 * The first line that arrives, without its line feed; undefined when the connection is closed before its end. Rejects with
 * ControlError when it is longer than `limit` octets, and with the error of the socket.
 */
export function readLine(socket: Socket, limit: number): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let length = 0;
    const onData = (piece: Buffer) => {
      const end = piece.indexOf(0x0a);
      const part = end < 0 ? piece : piece.subarray(0, end);
      length += part.length;
      pieces.push(part);
      if (length <= limit && end < 0) return;
      // Whatever else the other side sends must not be collected.
      socket.off('data', onData).pause();
      if (length > limit) reject(new ControlError(`The line is longer than ${limit} octets.`));
      else resolve(Buffer.concat(pieces).toString('utf8'));
    };
    socket.on('data', onData);
    socket.once('close', () => resolve(undefined));
    socket.once('error', reject);
  });
}
