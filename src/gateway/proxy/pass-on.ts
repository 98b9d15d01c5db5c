import type { Readable, Writable } from 'node:stream';
import type { Turns } from './turns.ts';

/** Octets that are written at once. Bun reads half a megabyte at a time, which would make too long a turn. */
const PIECE = 65_536;

/** Writes what comes from one stream to another, as fast as the slower of the two takes it. Their ends are left to who calls. */
export function passOn(from: Readable, to: Writable, turns: Turns): void {
  from.on('data', (octets: Buffer) => {
    let hasRoom = true;
    for (let at = 0; at < octets.length; at += PIECE) {
      const piece = octets.subarray(at, at + PIECE);
      hasRoom = to.write(piece);
      turns.passed(piece.length);
    }
    if (hasRoom) return;
    from.pause();
    to.once('drain', () => from.resume());
  });
}
