import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { Type } from '../../src/dns/codes.ts';
import { encodeMessage } from '../../src/dns/message.ts';
import { mutate } from '../fuzz/mutate.ts';
import { Random } from '../fuzz/random.ts';
import { query, type ServerAddress } from '../support/dns-client.ts';

/** Kinds of queries, and how often each comes in a hundred. */
const MIX = { cached: 50, miss: 20, key: 12, truncated: 5, tcp: 5, damaged: 5, unknownKey: 3 } as const;

/** A load that goes on until it is stopped. */
export interface Load {
  /** Queries sent and replies received. */
  readonly counts: { sent: number; received: number };
  /** Round trips in milliseconds since the last call, sorted. */
  takeRoundTrips(): readonly number[];
  stop(): void;
}

/** Sends `rate` queries a second: cached names, misses, keys, answers that are truncated, damaged queries, TCP. */
export function startLoad(server: ServerAddress, keys: readonly string[], rate: number, seed: number): Load {
  const random = new Random(seed);
  const kinds = Object.entries(MIX).flatMap(([kind, share]) =>
    Array.from({ length: share }, () => kind as keyof typeof MIX),
  );
  const counts = { sent: 0, received: 0 };
  const open = new Map<number, number>();
  let roundTrips: number[] = [];
  let serial = 0;
  const socket = createSocket('udp4').on('message', (reply) => {
    counts.received++;
    const startedAt = open.get(reply.readUInt16BE(0));
    if (startedAt === undefined) return;
    open.delete(reply.readUInt16BE(0));
    roundTrips.push(performance.now() - startedAt);
  });
  const send = () => {
    const kind = random.pick(kinds);
    serial = (serial + 1) & 0xffff;
    const id = serial;
    const message = encodeMessage({ ...query(nameOf(kind, serial, keys, random), Type.A), id });
    counts.sent++;
    if (kind === 'tcp') return sendOverTcp(server, message, () => counts.received++);
    if (kind === 'cached') open.set(id, performance.now());
    socket.send(kind === 'damaged' ? mutate(message, random) : message, server.port, server.host);
  };
  // Ten bursts a second, as programs that load pages do.
  const timer = setInterval(() => {
    for (let count = 0; count < rate / 10; count++) send();
  }, 100);
  return {
    counts,
    takeRoundTrips: () => {
      const taken = roundTrips.sort((a, b) => a - b);
      roundTrips = [];
      return taken;
    },
    stop: () => {
      clearInterval(timer);
      socket.close();
    },
  };
}

function nameOf(kind: keyof typeof MIX, serial: number, keys: readonly string[], random: Random): string {
  switch (kind) {
    case 'miss':
      return `miss-${serial}-${random.int(1e6)}.example`;
    case 'key':
      return `www.${random.pick(keys)}`;
    case 'truncated':
      return `large-${random.int(20)}.example`;
    case 'unknownKey':
      // Looks like a key and mostly is none.
      return Array.from({ length: 52 }, () => random.pick([...'ybndrfg8ejkmcpqxot1uwisza345h769'])).join('');
    default:
      return `cached-${random.int(50)}.example`;
  }
}

function sendOverTcp({ host, port }: ServerAddress, message: Uint8Array, onReply: () => void): void {
  const socket = connect(port, host);
  socket.setTimeout(5_000, () => socket.destroy());
  socket.on('error', () => {});
  socket.once('data', () => {
    onReply();
    socket.destroy();
  });
  socket.write(Buffer.concat([Buffer.of(message.length >>> 8, message.length & 0xff), message]));
}
