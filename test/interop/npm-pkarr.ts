import type { NodeAddress } from '../../src/mainline/dht-node.ts';

/** What a record is in the npm package `pkarr` 1.3, which takes it to and from the wire with `dns-packet`. */
interface PlainRecord {
  readonly name: string;
  readonly type: string;
  readonly ttl?: number;
  readonly data: string;
}

/** A signed packet of that package. */
interface PlainSignedPacket {
  bep44Args(): PlainItem;
  timestamp(): number;
  resourceRecords(name: string): readonly PlainRecord[];
}

interface PlainItem {
  readonly k: Uint8Array;
  readonly seq: number;
  readonly v: Uint8Array;
  readonly sig: Uint8Array;
}

interface PlainKeyPair {
  readonly publicKey: Uint8Array;
  readonly secretKey: Uint8Array;
}

interface Package {
  readonly generateKeyPair: (seed: Uint8Array) => PlainKeyPair;
  readonly SignedPacket: {
    fromPacket(
      keyPair: PlainKeyPair,
      packet: { readonly id: 0; readonly type: 'response'; readonly flags: 0; answers: PlainRecord[] },
    ): PlainSignedPacket;
    fromBep44Args(item: PlainItem): PlainSignedPacket;
  };
}

interface PlainDht {
  readonly _dht: { listen(port: number, host: string, done: () => void): void };
  get(key: Uint8Array, options: { readonly fullLookup: boolean }): Promise<PlainItem | null>;
  put(item: PlainItem): Promise<{ readonly nodes: readonly object[] }>;
  destroy(): Promise<void>;
}

interface DhtModule {
  readonly DHT: new (options: {
    readonly bootstrap: readonly NodeAddress[];
    readonly storage: { readonly loadRoutingTable: () => void; readonly saveRoutingTable: () => void };
  }) => PlainDht;
}

/** The npm package `pkarr`. It is no dependency: it brings native code and 50 packages. */
export interface NpmPkarr extends Package, DhtModule {}

/** The package, or undefined where it is not installed. */
export async function loadNpmPkarr(): Promise<NpmPkarr | undefined> {
  // As words, so that neither the compiler nor whoever installs us looks for it.
  const [main, dht] = ['pkarr', 'pkarr/lib/dht.js'];
  try {
    return { ...((await import(main)) as Package), ...((await import(dht)) as DhtModule) };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

/** Its DHT client, on loopback, which leaves nothing in the home directory. */
export async function startPkarrDht({ DHT }: NpmPkarr, bootstrap: readonly NodeAddress[]): Promise<PlainDht> {
  const dht = new DHT({ bootstrap, storage: { loadRoutingTable() {}, saveRoutingTable() {} } });
  await new Promise<void>((done) => dht._dht.listen(0, '127.0.0.1', done));
  return dht;
}
