import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { encodeMessage } from '../../src/dns/message.ts';
import { query } from '../../test/support/dns-client.ts';
import type { Server } from './process.ts';

/** Milliseconds that a question may take. */
const PATIENCE = 10_000;

/** Where the count of answers and the response code are in a message (RFC 1035 §4.1.1). */
const ANSWERS_AT = 6;

/**
 * Asks for all these names at once, from one socket. Everything is made before, so that the times are those of the server.
 * @returns the milliseconds to each answer that has records, from when its question was sent.
 */
export async function askAtOnce(server: Server, names: readonly string[]): Promise<readonly number[]> {
  const questions = names.map((name, id) => encodeMessage(query(name, undefined, { id })));
  const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
  socket.bind(0, server.host);
  await once(socket, 'listening');
  const sent: number[] = [];
  const times: number[] = [];
  let open = questions.length;
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(resolve, PATIENCE);
    const finish = () => {
      clearTimeout(timer);
      resolve();
    };
    socket.on('error', reject);
    socket.on('message', (reply) => {
      const now = performance.now();
      if (reply.readUInt16BE(ANSWERS_AT) > 0) times.push(now - (sent[reply.readUInt16BE(0)] ?? now));
      if (--open === 0) finish();
    });
    for (const [id, question] of questions.entries()) {
      sent[id] = performance.now();
      socket.send(question, server.port, server.host);
    }
  });
  socket.close();
  return times;
}
