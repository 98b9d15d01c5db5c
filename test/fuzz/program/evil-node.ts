import { createHash } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { encodeBencode } from '../../../src/mainline/wire/bencode-write.ts';
import { writeCompactNodes } from '../../../src/mainline/wire/compact-nodes.ts';
import { decodeDatagram } from '../../../src/mainline/wire/krpc-decode.ts';
import type { SignedPacket } from '../../../src/pkarr/signed-packet.ts';
import { mutate } from '../mutate.ts';
import { evilPacket, manyKeys } from '../packets.ts';
import type { Random } from '../random.ts';
import { writePlain } from '../reference/bencode.ts';
import { datagram } from '../targets/krpc.ts';

/** A DHT of one node. */
export interface EvilNode {
  readonly text: string;
  /** Replies so far. */
  sent(): number;
  close(): void;
}

/**
 * Starts one that has a packet for every key, another each time, and whose datagrams are odd now and then: malformed,
 * doubled, for another query, an error. It asks and puts odd things itself.
 */
export async function startEvilNode(random: Random): Promise<EvilNode> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  const id = Buffer.from(random.octets(20));
  const keys = new Map(
    manyKeys().map((key) => [createHash('sha1').update(key.publicKey.toBytes()).digest('hex'), key] as const),
  );
  let timestamp = BigInt(Date.now()) * 1000n;
  let count = 0;
  socket.on('message', (octets, from) => {
    const decoded = decodeDatagram(octets, 'test');
    if (decoded.kind !== 'message' || decoded.message.kind !== 'query') return;
    const send = (reply: Uint8Array) => {
      count++;
      socket.send(reply, from.port, from.address);
    };
    if (random.chance(0.1)) send(Buffer.from(writePlain(datagram(random)), 'latin1'));
    const { transaction, body } = decoded.message;
    const target = 'target' in body ? Buffer.from(body.target).toString('hex') : '';
    const key = keys.get(target);
    timestamp += BigInt(random.int(3) - 1);
    const packet = key === undefined ? undefined : evilPacket(key, random, timestamp);
    const t = Buffer.from(random.chance(0.97) ? transaction : random.octets(transaction.length));
    const self = { id, host: '127.0.0.1', port: random.chance(0.95) ? port : random.int(0x10000) };
    const nodes = writeCompactNodes(Array.from({ length: random.chance(0.9) ? 1 : 40 }, () => self));
    const answer = { t, y: 'r', r: { id, token: 'abcd', nodes, ...itemOf(packet) } };
    const reply = encodeBencode(random.chance(0.97) ? answer : { t, y: 'e', e: [201, 'odd'] });
    send(random.chance(0.9) ? reply : mutate(reply, random));
    if (random.chance(0.05)) send(reply);
  });
  return { text: `127.0.0.1:${port}`, sent: () => count, close: () => socket.close() };
}

function itemOf(packet: SignedPacket | undefined) {
  if (packet === undefined) return {};
  const { key, signature, timestamp, message } = packet;
  return { k: key.toBytes(), sig: signature, seq: timestamp, v: message };
}
