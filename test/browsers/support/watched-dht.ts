import { targetOf } from '../../../src/bep44/target.ts';
import { startMainlineNode } from '../../../src/mainline/node/node.ts';
import { openUdp } from '../../../src/mainline/socket/datagrams.ts';
import type { KeyPair } from '../../../src/pkarr/key-pair.ts';
import type { PublicKey } from '../../../src/pkarr/public-key.ts';
import { SignedPacket } from '../../../src/pkarr/signed-packet.ts';
import { parseZoneFile } from '../../../src/pkarr/zone/file/zone-file.ts';
import { startTestNetwork } from '../../../src/testnet/test-network.ts';

/** A DHT on loopback that tells how often somebody wanted to know of a key. */
export interface WatchedDht extends AsyncDisposable {
  /** `127.0.0.1:PORT`, for --bootstrap. */
  readonly bootstrap: string;
  /** Publishes a zone file under a key; a later one replaces an earlier one. */
  publish(keyPair: KeyPair, zone: string): Promise<void>;
  /** Datagrams that its nodes received and that name this key; none else belongs to a look-up of it. */
  datagramsAbout(key: PublicKey): number;
}

/** More than the nodes that store a packet would be no other test, unless it counts them. */
const NODES = 8;
/** Milliseconds for one packet. */
const PUT_MS = 20_000;

export async function startWatchedDht(nodes = NODES): Promise<WatchedDht> {
  const received: Uint8Array[] = [];
  const network = await startTestNetwork({ nodes }, undefined, Math.random, (options) =>
    openUdp({
      ...options,
      onDatagram: (datagram, from) => {
        received.push(datagram);
        options.onDatagram(datagram, from);
      },
    }),
  );
  const [first] = network.bootstrap;
  if (first === undefined) throw new Error('a network has a first node');
  const node = await startMainlineNode({ bootstrap: network.bootstrap, host: '127.0.0.1' });
  let seconds = Math.floor(Date.now() / 1000);
  return {
    bootstrap: `${first.host}:${first.port}`,
    async publish(keyPair, zone) {
      const { records } = parseZoneFile(`$TTL 60\n${zone}\n`, { origin: keyPair.publicKey.name });
      const packet = SignedPacket.sign(keyPair, records, BigInt(++seconds) * 1_000_000n);
      const { stored } = await node.put(packet.item, { signal: AbortSignal.timeout(PUT_MS) });
      if (stored === 0) throw new Error('no node stored the packet');
    },
    datagramsAbout(key) {
      // A look-up names the target in each of its messages (BEP 44), and a put names the key.
      const [target, octets] = [targetOf(key.toBytes()), Buffer.from(key.toBytes())];
      return received.filter((datagram) => {
        const whole = Buffer.from(datagram);
        return whole.includes(target) || whole.includes(octets);
      }).length;
    },
    async [Symbol.asyncDispose]() {
      await node.close();
      await network.close();
    },
  };
}
