import { type LocalDhtNode, startMainlineNode } from '../../src/mainline/node/node.ts';
import { OWN_NETWORKS } from './own-network.ts';

/** A DHT whose nodes have public addresses, each its own. To be started in a network of its own. */
export interface PublicNetwork {
  readonly nodes: readonly LocalDhtNode[];
  /** Of all nodes, in the same order. */
  readonly addresses: readonly { readonly host: string; readonly port: number }[];
  close(): Promise<void>;
}

/** Starts so many serving nodes. Resolves when all have joined. */
export async function startPublicNetwork(count: number): Promise<PublicNetwork> {
  const addresses = Array.from({ length: count }, (_, index) => ({
    host: `${OWN_NETWORKS[index % OWN_NETWORKS.length]}.7.${index >> 8}.${index & 255}`,
    port: 6881,
  }));
  const nodes: LocalDhtNode[] = [];
  for (const { host, port } of addresses) {
    const bootstrap = nodes.length === 0 ? [] : addresses.slice(0, 1);
    const node = await startMainlineNode({
      bootstrap,
      network: 'public',
      host,
      port,
      serve: true,
      externalHost: host,
    });
    nodes.push(node);
    await node.settled();
  }
  return {
    nodes,
    addresses,
    close: async () => {
      await Promise.all(nodes.map((node) => node.close()));
    },
  };
}
