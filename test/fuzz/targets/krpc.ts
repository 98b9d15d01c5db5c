import { type Encodable, encodeBencode } from '../../../src/mainline/wire/bencode-write.ts';
import { decodeDatagram } from '../../../src/mainline/wire/krpc-decode.ts';
import { mutate } from '../mutate.ts';
import type { Random } from '../random.ts';
import type { FuzzTarget } from '../target.ts';

/** Whatever a datagram holds, decoding returns. */
export const krpc: FuzzTarget = {
  name: 'krpc',
  run(random) {
    decodeDatagram(mutate(datagram(random), random), random.pick(['public', 'test']));
  },
};

const QUERIES = ['ping', 'find_node', 'get_peers', 'get', 'put', 'announce_peer', 'x'] as const;

function datagram(random: Random): Uint8Array {
  const field = (length: number) => Buffer.from(random.octets(random.chance(0.9) ? length : random.int(100)));
  const body = {
    id: field(20),
    target: field(20),
    info_hash: field(20),
    token: field(8),
    nodes: field(26 * random.int(9)),
    v: field(random.int(1001)),
    k: field(32),
    sig: field(64),
    salt: field(4),
    seq: BigInt(random.int(2 ** 31)),
    cas: BigInt(random.int(9) - 1),
  };
  const kept: Record<string, Encodable> = Object.fromEntries(
    Object.entries(body).filter(() => random.chance(0.8)),
  );
  const t = field(4);
  switch (random.int(3)) {
    case 0:
      return encodeBencode({ t, y: Buffer.from('q'), q: Buffer.from(random.pick(QUERIES)), a: kept, ro: 1n });
    case 1:
      return encodeBencode({ t, y: Buffer.from('r'), r: kept, ip: field(6) });
    default:
      return encodeBencode({ t, y: Buffer.from('e'), e: [BigInt(random.int(300)), field(10)] });
  }
}
