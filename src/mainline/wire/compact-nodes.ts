import { acceptsHost, formatIpv4, type NetworkKind, parseIpv4 } from '../addresses.ts';
import type { NodeAddress } from '../dht-node.ts';
import { copyOf } from './bytes.ts';

/** Length of a node id and of a target, in bytes: a SHA-1. */
export const ID_LENGTH = 20;
/** BEP 5, compact node info: "The 20-byte Node ID in network byte order has the compact IP-address/port info concatenated to the end". */
export const COMPACT_NODE_LENGTH = 26;
/** Maximum number of nodes read from one reply. BEP 5 has K = 8, others send 20, webtorrent its whole table, closest first. */
const MAX_NODES_READ = 32;

/** The id and address of a node, as told by another node. It may not exist. */
export interface NodeContact extends NodeAddress {
  /** 20 bytes. */
  readonly id: Uint8Array;
}

/**
 * At most 32 nodes from a compact list, whose length is a multiple of 26. Nodes with port 0 or with an address that cannot
 * belong to `network` are left out.
 */
export function readCompactNodes(compact: Uint8Array, network: NetworkKind): readonly NodeContact[] {
  const nodes: NodeContact[] = [];
  const view = new DataView(compact.buffer, compact.byteOffset, compact.byteLength);
  for (let at = 0; at + COMPACT_NODE_LENGTH <= compact.length; at += COMPACT_NODE_LENGTH) {
    if (nodes.length === MAX_NODES_READ) break;
    const address = view.getUint32(at + ID_LENGTH);
    const port = view.getUint16(at + ID_LENGTH + 4);
    if (port === 0 || !acceptsHost(network, address)) continue;
    nodes.push({ id: copyOf(compact.subarray(at, at + ID_LENGTH)), host: formatIpv4(address), port });
  }
  return nodes;
}

/** The compact list of `nodes`, 26 bytes each. Their ids have 20 bytes and their hosts are IPv4 literals. */
export function writeCompactNodes(nodes: readonly NodeContact[]): Buffer {
  const compact = Buffer.alloc(nodes.length * COMPACT_NODE_LENGTH);
  nodes.forEach((node, index) => {
    compact.set(node.id, index * COMPACT_NODE_LENGTH);
    writeAddress(node, compact, index * COMPACT_NODE_LENGTH + ID_LENGTH);
  });
  return compact;
}

/** The 6 bytes of "Compact IP-address/port info" of BEP 5. */
export function writeCompactAddress(address: NodeAddress): Buffer {
  const compact = Buffer.alloc(6);
  writeAddress(address, compact, 0);
  return compact;
}

function writeAddress({ host, port }: NodeAddress, into: Buffer, at: number): void {
  into.writeUInt32BE(parseIpv4(host) ?? 0, at);
  into.writeUInt16BE(port, at + 4);
}
