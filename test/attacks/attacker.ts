import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type HttpServerAddress, secureConnect } from '../support/http-client.ts';

/** How an attack ended, as far as the attacker sees it. */
export interface Outcome {
  /** The connection was ended by the server. */
  readonly isClosed: boolean;
  /** Milliseconds from the beginning to the end of the connection, or until the attacker gave up. */
  readonly milliseconds: number;
  /** What the server sent. */
  readonly octets: Buffer;
}

/** An attack on one connection: it writes until it is done, and then waits. */
export type Attack = (send: (octets: Uint8Array | string) => Promise<boolean>) => Promise<void>;

/**
 * Attacks over TLS, or over TCP for `protocol` undefined, for at most `patience` milliseconds. `send` resolves when there is
 * room again, with false when the connection is gone.
 */
export async function attack(
  address: HttpServerAddress,
  protocol: 'h2' | 'http/1.1' | undefined,
  patience: number,
  attacking: Attack,
): Promise<Outcome> {
  const begun = performance.now();
  const pieces: Buffer[] = [];
  let received = 0;
  const socket: Socket =
    protocol === undefined ? connectTcp(address.port, address.host) : secureConnect(address, [protocol]);
  socket.on('error', () => {});
  socket.on('data', (piece) => {
    received += piece.length;
    if (received < 100_000) pieces.push(piece);
  });
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const isGone = () => socket.destroyed || !socket.writable;
  await Promise.race([
    once(socket, protocol === undefined ? 'connect' : 'secureConnect').catch(() => {}),
    closed,
  ]);
  const send = async (octets: Uint8Array | string): Promise<boolean> => {
    if (isGone()) return false;
    if (!socket.write(octets)) {
      const drained = new Promise<void>((resolve) => socket.once('drain', () => resolve()));
      await Promise.race([drained, closed, sleep(patience, undefined, { ref: false })]);
    }
    return !isGone();
  };
  const giveUp = sleep(patience, 'patience' as const, { ref: false });
  await Promise.race([attacking(send), closed, giveUp]);
  const how = await Promise.race([closed.then(() => 'closed' as const), giveUp]);
  socket.destroy();
  return {
    isClosed: how === 'closed',
    milliseconds: performance.now() - begun,
    octets: Buffer.concat(pieces),
  };
}

/** Sends `octets` again and again until the connection is gone or `times` are sent; lets others run in between. */
export function repeat(times: number, octets: (index: number) => Uint8Array): Attack {
  return async (send) => {
    const atOnce = 50;
    for (let index = 0; index < times; index += atOnce) {
      const batch = Array.from({ length: Math.min(atOnce, times - index) }, (_, i) => octets(index + i));
      if (!(await send(Buffer.concat(batch)))) return;
      await sleep(1);
    }
  };
}

/** Sends one after another each `milliseconds`. */
export function slowly(milliseconds: number, first: Uint8Array | string, piece: Uint8Array | string): Attack {
  return async (send) => {
    for (let next = first; await send(next); next = piece) await sleep(milliseconds);
  };
}
