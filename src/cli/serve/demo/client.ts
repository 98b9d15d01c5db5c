import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import type { ListenAddress } from '../../../config/listen-address.ts';
import { FrameReader } from '../../../dns/frame-reader.ts';
import { decodeMessage, encodeMessage, type Message, queryMessage } from '../../../dns/message.ts';
import type { Question } from '../../../dns/question.ts';

/** The timeout in milliseconds, as in the stub resolver of glibc (resolv.conf(5)). */
const TIMEOUT = 5_000;

/** A reply and its transport. */
export interface TransportedReply {
  readonly message: Message;
  /** `tcp`: the answer over UDP was truncated. */
  readonly transport: 'udp' | 'tcp';
}

/**
 * Queries a resolver on this machine as a simple client does: over UDP without EDNS, and over TCP if the answer is
 * truncated. Rejects with a TimeoutError after 5 s, with the reason of `stop`, or with a WireError for a malformed reply.
 */
export async function queryServer(
  server: ListenAddress,
  question: Question,
  stop: AbortSignal,
): Promise<TransportedReply> {
  const query = encodeMessage({ ...queryMessage(question), id: randomInt(0x1_0000) });
  const signal = AbortSignal.any([stop, AbortSignal.timeout(TIMEOUT)]);
  signal.throwIfAborted();
  const message = decodeMessage(await overUdp(server, query, signal));
  if (!message.flags.truncated) return { message, transport: 'udp' };
  return { message: decodeMessage(await overTcp(server, query, signal)), transport: 'tcp' };
}

async function overUdp(
  { host, port }: ListenAddress,
  query: Uint8Array,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  try {
    return await new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      socket.once('error', reject);
      socket.on('message', (reply) => {
        // A reply with another id does not belong to this query.
        if (reply[0] === query[0] && reply[1] === query[1]) resolve(reply);
      });
      socket.connect(port, host, () => socket.send(query));
    });
  } finally {
    socket.close();
  }
}

async function overTcp(
  { host, port }: ListenAddress,
  query: Uint8Array,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const socket = connect({ host, port });
  try {
    return await new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      const reader = new FrameReader(resolve);
      socket.once('error', reject);
      socket.once('end', () => reject(new Error('the connection was closed before the reply')));
      socket.on('data', (piece) => reader.push(piece));
      socket.write(Buffer.concat([Buffer.of(query.length >>> 8, query.length & 0xff), query]));
    });
  } finally {
    socket.destroy();
  }
}
