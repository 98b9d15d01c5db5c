import { lookup } from 'node:dns/promises';
import { DhtConnection } from '../find/dht-connection.ts';
import { isNodeAddress, networkOf } from '../mainline/addresses.ts';
import type { NodeAddress } from '../mainline/dht-node.ts';
import { type LocalDhtNode, startMainlineNode } from '../mainline/node/node.ts';

/** The DHT node of a client, in its own thread, read-only (BEP 43). */
export class ClientDht {
  readonly connection: DhtConnection;
  readonly #bootstrap: readonly NodeAddress[];
  readonly #node: Promise<LocalDhtNode>;
  /** Whether the names of the bootstrap nodes are being resolved, or have been. */
  #isResolved = true;

  /** Nothing is sent to other nodes than those of `bootstrap`, whose hosts may be names, and those that they know. */
  constructor(bootstrap: readonly NodeAddress[]) {
    this.#bootstrap = bootstrap;
    this.#node = this.#start();
    this.#node.catch(() => {}); // whoever opens the connection hears of it
    this.connection = new DhtConnection(this.#node);
  }

  /** Resolves the names of the bootstrap nodes once more if there was no network when it was tried last. */
  wake(): void {
    if (this.#isResolved) return;
    const retry = async () => (await this.#node).setBootstrap(await this.#addresses());
    retry().catch(() => {}); // it was closed, which the call that follows reports
  }

  async close(): Promise<void> {
    const node = await this.#node.catch(() => undefined);
    await node?.close();
  }

  async #start(): Promise<LocalDhtNode> {
    const network = networkOf(this.#bootstrap);
    return await startMainlineNode({ bootstrap: await this.#addresses(), network });
  }

  /** The addresses of the bootstrap nodes, as far as they can be found out. Never rejects. */
  async #addresses(): Promise<readonly NodeAddress[]> {
    this.#isResolved = true;
    const found = await Promise.all(
      this.#bootstrap.map(async (node) => {
        if (isNodeAddress(node)) return [node];
        try {
          const { address: host } = await lookup(node.host, { family: 4 });
          return [{ host, port: node.port }];
        } catch {
          // There is no network, or the host is gone; the others do.
          return [];
        }
      }),
    );
    const addresses = found.flat();
    if (addresses.length === 0) this.#isResolved = false;
    return addresses;
  }
}
