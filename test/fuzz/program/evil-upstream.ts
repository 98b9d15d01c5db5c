import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { FrameReader } from '../../../src/dns/frame-reader.ts';
import { structuredMessage } from '../dns-bytes.ts';
import { mutate, mutateField } from '../mutate.ts';
import type { Random } from '../random.ts';
import { plainName } from '../reference/message.ts';
import { u16 } from '../reference/numbers.ts';

/** An upstream over UDP and TCP at one port. */
export interface EvilUpstream {
  readonly text: string;
  /** Replies so far. */
  sent(): number;
  close(): void;
}

/**
 * Starts one whose replies are odd: truncated, malformed, doubled, with another ID, with records of others, in pieces, or
 * missing.
 */
export async function startEvilUpstream(random: Random): Promise<EvilUpstream> {
  let count = 0;
  const connections = new Set<Socket>();
  const server = createServer((socket) => {
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
    socket.on('error', () => socket.destroy());
    const reader = new FrameReader((request) => {
      count++;
      sendInPieces(socket, replyTo(request, random), random);
    });
    socket.on('data', (piece) => reader.push(piece));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { readonly port: number };
  const socket = createSocket('udp4').bind(port, '127.0.0.1');
  await once(socket, 'listening');
  socket.on('message', (request, from) => {
    // One that never answers is odd too.
    if (random.chance(0.03)) return;
    const reply = replyTo(request, random);
    const send = (octets: Uint8Array) => {
      count++;
      socket.send(octets, from.port, from.address);
    };
    if (random.chance(0.05)) send(withId(reply, random.int(0x10000)));
    send(reply);
    if (random.chance(0.05)) send(replyTo(request, random));
  });
  return {
    text: `127.0.0.1:${port}`,
    sent: () => count,
    close: () => {
      socket.close();
      server.close();
      for (const connection of connections) connection.destroy();
    },
  };
}

/** A frame in pieces; the connection ends in the middle of some. */
function sendInPieces(socket: Socket, reply: Uint8Array, random: Random): void {
  const length = reply.length + (random.chance(0.95) ? 0 : random.int(5) - 2);
  const frame = Buffer.concat([Buffer.of((length >>> 8) & 0xff, length & 0xff), reply]);
  const end = random.chance(0.95) ? frame.length : random.int(frame.length);
  for (let at = 0; at < end; ) {
    const until = Math.min(end, at + 1 + random.int(random.pick([1, 100, 65_536])));
    socket.write(frame.subarray(at, until));
    at = until;
  }
  if (end < frame.length) socket.destroy();
}

function withId(reply: Uint8Array, id: number): Uint8Array {
  const other = Uint8Array.from(reply);
  other[0] = id >>> 8;
  other[1] = id & 0xff;
  return other;
}

/** The question as it was asked, and behind it whatever comes. */
function replyTo(request: Uint8Array, random: Random): Uint8Array {
  const end = (plainName(request, 12, request.length)?.next ?? 12) + 4;
  const type = u16(request, end - 4);
  const flags = 0x8180 | (random.chance(0.1) ? 0x0200 : 0) | random.pick([0, 0, 0, 0, 0, 2, 3, 5, 11]);
  const shape = {
    id: 0,
    flags: random.chance(0.95) ? flags : random.int(0x10000),
    question: [],
    type: random.chance(0.7) ? type : random.pick([1, 5, 28, 39, 65]),
    zone: ['example'],
    records: random.chance(0.95) ? 4 : 100,
  };
  const { octets, fields } = structuredMessage(shape, random);
  // The question of the request stands where that of the root stood, five octets long.
  const moved = end - 17;
  const reply = Buffer.concat([
    request.subarray(0, 2),
    octets.subarray(2, 12),
    request.subarray(12, end),
    octets.subarray(17),
  ]);
  const later = fields.filter(({ at }) => at >= 17);
  for (const { at, size } of later) {
    const value = u16(octets, at);
    if (size === 2 && value >= 0xc011 && value + moved <= 0xffff)
      reply.writeUInt16BE(value + moved, at + moved);
  }
  if (random.chance(0.6)) return reply;
  if (random.chance(0.3)) return mutate(reply, random, 2);
  return mutateField(
    { octets: reply, fields: later.map(({ at, size }) => ({ at: at + moved, size })) },
    random,
  );
}
