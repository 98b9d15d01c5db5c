import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { Rcode, Type } from '../../src/dns/codes.ts';
import { FrameReader } from '../../src/dns/frame-reader.ts';
import { decodeMessage, encodeMessage, noFlags } from '../../src/dns/message.ts';
import type { ResourceRecord } from '../../src/dns/record.ts';

/** Milliseconds for which the second upstream answers, and then does not. */
const PERIOD = 20_000;

/** Addresses of a large answer: more than fit into 1232 octets. */
const LARGE = 100;

/** Upstreams for the soak: one that answers, and one that dies and comes back all the time. */
export interface SoakUpstreams {
  readonly texts: readonly string[];
  close(): void;
}

/** Starts both on loopback. */
export async function startUpstreams(): Promise<SoakUpstreams> {
  const tcp = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    const reader = new FrameReader((request) => {
      const reply = answer(request, 65_535);
      socket.write(Buffer.concat([Buffer.of(reply.length >>> 8, reply.length & 0xff), reply]));
    });
    socket.on('data', (piece) => reader.push(piece));
  }).listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  const { port } = tcp.address() as { readonly port: number };
  const steady = await udp(port, () => true);
  const dying = await udp(0, () => Math.floor(Date.now() / PERIOD) % 2 === 0);
  return {
    texts: [`127.0.0.1:${port}`, `127.0.0.1:${dying.address().port}`],
    close: () => {
      tcp.close();
      steady.close();
      dying.close();
    },
  };
}

async function udp(port: number, isAlive: () => boolean): Promise<Socket> {
  const socket = createSocket('udp4').bind(port, '127.0.0.1');
  await once(socket, 'listening');
  socket.on('message', (request, from) => {
    if (isAlive()) socket.send(answer(request, 1232), from.port, from.address);
  });
  return socket;
}

/** Addresses for every name, many for one that begins with `large`. */
function answer(request: Uint8Array, limit: number): Uint8Array {
  const query = decodeMessage(request);
  const [question] = query.questions;
  const isLarge = question?.name.labels[0]?.toLowerCase().startsWith('large') ?? false;
  const answers: ResourceRecord[] =
    question === undefined || question.type !== Type.A
      ? []
      : Array.from({ length: isLarge ? LARGE : 1 }, (_, i) => ({
          name: question.name,
          type: Type.A,
          class: 1,
          ttl: 60,
          rdata: Uint8Array.of(192, 0, 2, i),
        }));
  const reply = {
    ...query,
    flags: { ...noFlags, response: true, recursionDesired: true, recursionAvailable: true },
    rcode: Rcode.NOERROR,
    answers,
    authorities: [],
    additionals: [],
  };
  const whole = encodeMessage(reply);
  if (whole.length <= limit) return whole;
  return encodeMessage({ ...reply, flags: { ...reply.flags, truncated: true }, answers: [] });
}
