import { FrameReader } from '../../../src/dns/frame-reader.ts';
import { same, sameOctets } from '../check.ts';
import type { FuzzTarget } from '../target.ts';

/** However a stream is split, its messages are the same, and whether one has begun is known. */
export const frames: FuzzTarget = {
  name: 'frames',
  run(random) {
    const messages = random.some(5, () =>
      random.octets(random.chance(0.9) ? random.int(20) : random.pick([0, 255, 256, 257, 600])),
    );
    const stream = Buffer.concat(
      messages.flatMap((octets) => [Buffer.of(octets.length >>> 8, octets.length & 0xff), octets]),
    );
    const kept = random.chance(0.5) ? stream.length : random.int(stream.length + 1);
    const read: Uint8Array[] = [];
    const reader = new FrameReader((message) => read.push(message));
    const most = random.pick([1, 2, 3, 30, 1000]);
    for (let at = 0; at < kept; ) {
      const until = Math.min(kept, at + 1 + random.int(most));
      reader.push(stream.subarray(at, until));
      at = until;
    }
    let end = 0;
    let count = 0;
    for (const message of messages) {
      if (end + 2 + message.length > kept) break;
      end += 2 + message.length;
      sameOctets(read[count++] ?? Buffer.of(0), message, 'message of a stream');
    }
    same(read.length, count, 'messages');
    same(reader.isInside, end < kept, 'inside of a message');
  },
};
