import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DhtConnection } from '../../src/find/dht-connection.ts';
import { dhtSource } from '../../src/find/dht-source.ts';
import type { PacketSource } from '../../src/find/packet-source.ts';
import { relaySource } from '../../src/find/relay-source.ts';
import type { DhtNode } from '../../src/mainline/dht-node.ts';
import { startMainlineNode } from '../../src/mainline/node/node.ts';
import { createLog } from '../../src/observe/log.ts';
import type { KeyPair } from '../../src/pkarr/key-pair.ts';
import type { SignedPacket } from '../../src/pkarr/signed-packet.ts';
import type { Placeholders } from '../../src/pkarr/zone/file/placeholders.ts';
import { noExternalAddresses } from '../../src/pkarr/zone/file/placeholders.ts';
import { writeKeyFile } from '../../src/publish/key-file.ts';
import { dhtSink, type PacketSink } from '../../src/publish/packet-sink.ts';
import { PublicationMemory } from '../../src/publish/publication-memory.ts';
import { Publisher, type PublisherEntries } from '../../src/publish/publisher.ts';
import type { RelayClient } from '../../src/relay/client.ts';
import { startTestNetwork } from '../../src/testnet/test-network.ts';

/** A real DHT on loopback with a node of ours. */
export interface Network {
  readonly node: DhtNode;
  readonly source: PacketSource;
  readonly sink: PacketSink;
  /** Puts a packet as another machine would. */
  put(packet: SignedPacket): Promise<void>;
  /** The newest packet that the network holds. */
  newest(key: KeyPair): Promise<SignedPacket | undefined>;
  close(): Promise<void>;
}

/** Starts it, with 12 nodes. */
export async function startNetwork(): Promise<Network> {
  const network = await startTestNetwork({ nodes: 12 });
  const node = await startMainlineNode({ bootstrap: network.bootstrap, host: '127.0.0.1' });
  const source = dhtSource(new DhtConnection(Promise.resolve(node)));
  const sink = dhtSink(new DhtConnection(Promise.resolve(node)));
  const { signal } = new AbortController();
  return {
    node,
    source,
    sink,
    async put(packet) {
      await sink.publish(packet, { signal });
    },
    async newest({ publicKey }) {
      let best: SignedPacket | undefined;
      for await (const event of source.lookup(publicKey, { signal })) {
        if (event.kind !== 'packet') continue;
        if (best === undefined || event.packet.timestamp > best.timestamp) best = event.packet;
      }
      return best;
    },
    async close() {
      await node.close();
      await network.close();
    },
  };
}

/** A publisher whose clock is moved by the test; each start of it is a start of the program. */
export class Scene {
  readonly directory: string;
  readonly lines: string[] = [];
  readonly learnt: SignedPacket[] = [];
  external: Placeholders = noExternalAddresses;
  relays: readonly RelayClient[] = [];
  sources: readonly PacketSource[];
  sink: PacketSink;
  #ahead = 0;

  /** `directory`: that of an earlier scene, whose program this one continues. */
  constructor(
    network: Pick<Network, 'source' | 'sink'>,
    directory: string = mkdtempSync(join(tmpdir(), 'pkarrd-publisher-')),
  ) {
    this.directory = directory;
    this.sources = [network.source];
    this.sink = network.sink;
  }

  /** Moves the clock forward, in milliseconds. */
  pass(milliseconds: number): void {
    this.#ahead += milliseconds;
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  /** Writes a zone file; with `changedAt`, in milliseconds since 1970, as if it had been then. */
  write(name: string, text: string, changedAt?: number): string {
    writeFileSync(this.path(name), text);
    if (changedAt !== undefined) utimesSync(this.path(name), changedAt / 1000, changedAt / 1000);
    return this.path(name);
  }

  /** Writes the file of a key. */
  keyFile(name: string, key: KeyPair): string {
    writeKeyFile(this.path(name), key);
    return this.path(name);
  }

  async start(entries: Partial<PublisherEntries>): Promise<Publisher> {
    const write = (line: string) => {
      this.lines.push(line);
    };
    const log = createLog({ level: 'info', write, now: Date.now, journal: false });
    const start = performance.now();
    const wall = Date.now() - start;
    return new Publisher(
      { publish: [], keep: [], ...entries },
      {
        sources: [...this.sources, ...this.relays.map((relay) => relaySource(relay))],
        // Those of the scene at the time of the call: a test may cut the network.
        sink: { label: 'dht', publish: (...args) => this.sink.publish(...args) },
        relays: this.relays,
        learn: async (packet) => {
          this.learnt.push(packet);
        },
        external: async () => this.external,
        memory: await PublicationMemory.open(this.path('memory'), log),
        log,
        now: () => performance.now() + this.#ahead,
        nowWall: () => wall + performance.now() + this.#ahead,
        random: () => 0.5,
      },
    );
  }

  remove(): void {
    rmSync(this.directory, { recursive: true });
  }
}

/** Looks once, and waits until all that was due is done. */
export async function turn(publisher: Publisher): Promise<void> {
  await publisher.tick();
  await publisher.idle();
}
