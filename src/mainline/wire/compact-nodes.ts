import { acceptsHost, formatIpv4, type Ipv4, type NetworkKind, parseIpv4 } from '../addresses.ts';
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
 * belong to `network` are left out. They are read when they are visited, since most of those that a lookup is told of it knows.
 */
export class CompactNodes {
  readonly #compact: Uint8Array;
  readonly #network: NetworkKind;

  constructor(compact: Uint8Array, network: NetworkKind) {
    this.#compact = compact;
    this.#network = network;
  }

  /** Calls `visit` for each of the first `most` nodes: its id is in the list from `at` on, and its address is a number. */
  visit(most: number, visit: (list: Uint8Array, at: number, address: Ipv4, port: number) => void): void {
    const list = this.#compact;
    let left = Math.min(most, MAX_NODES_READ);
    for (let at = 0; left > 0 && at + COMPACT_NODE_LENGTH <= list.length; at += COMPACT_NODE_LENGTH) {
      const address = wordAt(list, at + ID_LENGTH) >>> 0;
      const port = wordAt(list, at + ID_LENGTH + 2) & 0xffff;
      if (port === 0 || !acceptsHost(this.#network, address)) continue;
      left--;
      visit(list, at, address, port);
    }
  }

  /** All of them. */
  list(): readonly NodeContact[] {
    const nodes: NodeContact[] = [];
    this.visit(MAX_NODES_READ, (list, at, address, port) => {
      nodes.push({ id: copyOf(list.subarray(at, at + ID_LENGTH)), host: formatIpv4(address), port });
    });
    return nodes;
  }
}

/** Four octets as a number of 32 bits, big endian and with a sign. */
export function wordAt(octets: Uint8Array, at: number): number {
  return (
    ((octets[at] as number) << 24) |
    ((octets[at + 1] as number) << 16) |
    ((octets[at + 2] as number) << 8) |
    (octets[at + 3] as number)
  );
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
