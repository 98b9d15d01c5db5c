import type { Socket } from 'node:net';
import { join } from 'node:path';

/** The reply to a control request. */
export type ControlReply =
  | { readonly ok: true; readonly value?: unknown }
  | {
      readonly ok: false;
      readonly message: string;
      /** There are too many requests at this moment; the same one may be answered in a while. */
      readonly isBusy?: true;
    };

/**
 * Why a control request failed. A closed list, since the remedies differ.
 *
 * - `not-running`: nobody listens. `not-allowed`: the permissions of the socket.
 * - `no-answer`: somebody listens and does not answer. `refused`: the program answered that it does not do this.
 */
export type ControlProblem = 'not-running' | 'not-allowed' | 'no-answer' | 'refused';

/** A control request failed, or the socket cannot be used: one sentence, or one on each line. */
export class ControlError extends Error {
  override readonly name = 'ControlError';
  readonly problem: ControlProblem;

  constructor(message: string, options: ErrorOptions & { readonly problem?: ControlProblem } = {}) {
    super(message, options);
    this.problem = options.problem ?? 'refused';
  }
}

/**
 * The two sockets. Connecting needs write permission (unix(7)), and that is all that is known of who connects: so what
 * everybody may do has a socket of its own.
 *
 * - `status`: reads what tells nothing about others, asks names, and hands over signed packets.
 * - `control`: changes the running program, and shows everything; and does all that `status` does, within bounds of its own.
 */
export type SocketName = 'status' | 'control';

/** The path of a socket in its directory. */
export function socketPath(directory: string, name: SocketName): string {
  return join(directory, `${name}.sock`);
}

/** The longest request, in octets: a command and a domain name in presentation form, or a signed packet in base64. */
export const MAX_REQUEST = 4096;

/** The longest reply, in octets, that a client accepts. */
export const MAX_REPLY = 16 * 1024 * 1024;

/** Milliseconds that either side waits for the other. A name takes up to 4.5 s. */
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
