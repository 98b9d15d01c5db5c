import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { FrameReader } from '../../src/dns/frame-reader.ts';
import { skipName } from '../../src/dns/wire-reader.ts';
import { dnsMessage } from './dns-bytes.ts';
import { mutate } from './mutate.ts';
import type { Random } from './random.ts';

/** An upstream over UDP and TCP at one port. */
export interface EvilUpstream {
  readonly text: string;
  /** Replies so far. */
  sent(): number;
  close(): void;
}

/** Starts one whose replies are odd: truncated, malformed, with records of others, late in no case. */
export async function startEvilUpstream(random: Random): Promise<EvilUpstream> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    const reader = new FrameReader((request) => {
      const reply = replyTo(request, random);
      socket.write(Buffer.concat([Buffer.of(reply.length >>> 8, reply.length & 0xff), reply]));
      count++;
    });
    socket.on('data', (piece) => reader.push(piece));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { readonly port: number };
  const socket = createSocket('udp4').bind(port, '127.0.0.1');
  await once(socket, 'listening');
  let count = 0;
  socket.on('message', (request, from) => {
    // One that never answers is odd too.
    if (random.chance(0.05)) return;
    socket.send(replyTo(request, random), from.port, from.address);
    count++;
  });
  return {
    text: `127.0.0.1:${port}`,
    sent: () => count,
    close: () => {
      socket.close();
      server.close();
    },
  };
}

/** The question as it was asked, and behind it whatever comes. */
function replyTo(request: Uint8Array, random: Random): Uint8Array {
  const end = skipName(request, 12, request.length, 'QNAME') + 4;
  const flags = 0x8180 | (random.chance(0.1) ? 0x0200 : 0) | random.pick([0, 0, 0, 0, 2, 3, 5, 11]);
  const shape = {
    id: 0,
    flags,
    question: [],
    type: random.pick([1, 5, 28, 65]),
    zone: ['example'],
    records: 4,
  };
  const message = Buffer.from(dnsMessage(shape, random));
  const reply = Buffer.concat([
    request.subarray(0, 2),
    message.subarray(2, 12),
    request.subarray(12, end),
    message.subarray(17),
  ]);
  return random.chance(0.5) ? reply : mutate(reply, random, 2);
}
