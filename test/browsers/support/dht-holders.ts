import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import bencode from 'bencode';
import { targetOf } from '../../../src/bep44/target.ts';
import { PublicKey } from '../../../src/pkarr/public-key.ts';
import { SignedPacket } from '../../../src/pkarr/signed-packet.ts';

/** Milliseconds that a node on loopback has to answer, on a busy machine. */
const PATIENCE = 3_000;
/** Places at which each node is asked for others: it names the 20 that are the nearest to each. */
const PLACES = 6;

/** All nodes of a DHT on loopback, as ports, and the packets of a key that they hold, asked of each by a datagram of its own. */
export interface Holders {
  readonly nodes: readonly number[];
  readonly packets: readonly SignedPacket[];
}

/** Asks every node of the DHT that `bootstrap` (`127.0.0.1:PORT`) belongs to whether it holds a packet of `key`. */
export async function holdersOf(bootstrap: string, key: string): Promise<Holders> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  try {
    const publicKey = PublicKey.fromLabel(key);
    const nodes = await allNodes(socket, Number(bootstrap.split(':')[1]));
    const target = targetOf(publicKey.toBytes());
    const replies = await Promise.all(nodes.map((port) => ask(socket, port, 'get', target)));
    const packets = replies.flatMap(({ seq, sig, v } = {}) => {
      if (seq === undefined || sig === undefined || v === undefined) return [];
      const verdict = SignedPacket.verify(publicKey, { seq: BigInt(seq), signature: sig, value: v });
      return verdict.ok ? [verdict.packet] : [];
    });
    return { nodes, packets };
  } finally {
    socket.close();
  }
}

/** Those that answer, found from one of them. */
async function allNodes(socket: Socket, first: number): Promise<readonly number[]> {
  const answering = new Set<number>();
  let next = [first];
  const seen = new Set(next);
  while (next.length > 0) {
    const found = await Promise.all(
      next.flatMap((port) =>
        Array.from({ length: PLACES }, async () => {
          const reply = await ask(socket, port, 'find_node', randomBytes(20));
          if (reply !== undefined) answering.add(port);
          return portsOf(reply?.nodes ?? new Uint8Array());
        }),
      ),
    );
    next = [...new Set(found.flat())].filter((port) => !seen.has(port));
    for (const port of next) seen.add(port);
  }
  return [...answering];
}

/** BEP 5, compact node info: an id of 20 octets, an address, and a port. */
function portsOf(compact: Uint8Array): readonly number[] {
  const octets = Buffer.from(compact);
  return Array.from({ length: Math.floor(octets.length / 26) }, (_, index) =>
    octets.readUInt16BE(26 * index + 24),
  );
}

/** What a node replied, as far as it is read here. */
interface Reply {
  readonly nodes?: Uint8Array;
  readonly seq?: number;
  readonly sig?: Uint8Array;
  readonly v?: Uint8Array;
}

/** Undefined when it does not answer. */
async function ask(
  socket: Socket,
  port: number,
  method: string,
  target: Uint8Array,
): Promise<Reply | undefined> {
  const t = randomBytes(6);
  const query = bencode.encode({ t, y: 'q', q: method, a: { id: randomBytes(20), target }, ro: 1 });
  return await new Promise((resolve) => {
    const timer = setTimeout(() => settle(undefined), PATIENCE);
    const settle = (reply: Reply | undefined) => {
      clearTimeout(timer);
      socket.off('message', onMessage);
      resolve(reply);
    };
    const onMessage = (datagram: Buffer) => {
      const message = Object(bencode.decode(datagram));
      if (t.equals(message.t)) settle(Object(message.r));
    };
    socket.on('message', onMessage);
    socket.send(query, port, '127.0.0.1');
  });
}
