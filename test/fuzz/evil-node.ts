import { createHash } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { encodeBencode } from '../../src/mainline/wire/bencode-write.ts';
import { writeCompactNodes } from '../../src/mainline/wire/compact-nodes.ts';
import { decodeDatagram } from '../../src/mainline/wire/krpc-decode.ts';
import type { SignedPacket } from '../../src/pkarr/signed-packet.ts';
import { mutate } from './mutate.ts';
import type { Random } from './random.ts';
import { evilPacket, fuzzKeys } from './targets/signed-packet.ts';

/** A DHT of one node. */
export interface EvilNode {
  readonly text: string;
  /** Replies so far. */
  sent(): number;
  close(): void;
}

/** Starts one that has a packet for every fuzz key, another each time, and whose datagrams are odd now and then. */
export async function startEvilNode(random: Random): Promise<EvilNode> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  const id = Buffer.from(random.octets(20));
  const keys = new Map(
    fuzzKeys.map((key) => [createHash('sha1').update(key.publicKey.toBytes()).digest('hex'), key] as const),
  );
  let timestamp = BigInt(Date.now()) * 1000n;
  let count = 0;
  socket.on('message', (datagram, from) => {
    const decoded = decodeDatagram(datagram, 'test');
    if (decoded.kind !== 'message' || decoded.message.kind !== 'query') return;
    const { transaction, body } = decoded.message;
    const target = 'target' in body ? Buffer.from(body.target).toString('hex') : '';
    const key = keys.get(target);
    timestamp += 1n;
    const packet = key === undefined ? undefined : evilPacket(key, random, timestamp);
    const reply = encodeBencode({
      t: Buffer.from(transaction),
      y: 'r',
      r: {
        id,
        token: 'abcd',
        nodes: writeCompactNodes([{ id, host: '127.0.0.1', port }]),
        ...itemOf(packet),
      },
    });
    socket.send(random.chance(0.9) ? reply : mutate(reply, random), from.port, from.address);
    count++;
  });
  return { text: `127.0.0.1:${port}`, sent: () => count, close: () => socket.close() };
}

function itemOf(packet: SignedPacket | undefined) {
  if (packet === undefined) return {};
  const { key, signature, timestamp, message } = packet;
  return { k: key.toBytes(), sig: signature, seq: timestamp, v: message };
}
