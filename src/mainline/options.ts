import { isNodeAddress, type NetworkKind, parseIpv4 } from './addresses.ts';
import type { NodeAddress } from './dht-node.ts';
import { MainlineError } from './errors.ts';

/** The options of a node. They can be sent to a thread. */
export interface MainlineOptions {
  /** Addresses of nodes that are always up; ControlledDhtNode.setBootstrap replaces them. Empty for the first node of a network. */
  readonly bootstrap: readonly NodeAddress[];
  /** Nodes known from an earlier run, see DhtNode.knownNodes. Empty by default. */
  readonly nodes?: readonly NodeAddress[];
  /** The local IPv4 address to bind. Default `0.0.0.0`. */
  readonly host?: string;
  /** The UDP port to bind. Default 0, any free one. */
  readonly port?: number;
  /** Default: `test` when there are bootstrap addresses and all are loopback, else `public`. */
  readonly network?: NetworkKind;
  /**
   * Whether queries of others are answered and their items kept. Default false: the node is read-only (BEP 43). `auto`: while
   * it can be reached from outside, see ControlledDhtNode.setServingConditions.
   */
  readonly serve?: boolean | 'auto';
  /** Queries that one lookup may have open at once, 1 to 256. Default 96. */
  readonly concurrency?: number;
  /** Timeout of a query in milliseconds, 100 to 60,000. Default 2000. */
  readonly timeoutMs?: number;
  /** Our own IPv4 address as others saw it in an earlier run; the node id will fit it (BEP 42). */
  readonly externalHost?: string;
}

/** See MainlineOptions. More than the 20 of Rust mainline, so that silent nodes do not delay a lookup. */
export const DEFAULT_CONCURRENCY = 96;
/** Milliseconds, as in Rust mainline and k-rpc-socket. */
export const DEFAULT_TIMEOUT_MS = 2000;

/** Throws MainlineError of kind `invalid-argument` for the first option that is out of range. */
export function checkOptions(options: MainlineOptions): void {
  const { bootstrap, nodes = [], host, port = 0, externalHost } = options;
  const { concurrency = DEFAULT_CONCURRENCY, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  checkAddresses([...bootstrap, ...nodes]);
  for (const address of [host, externalHost]) {
    check(address === undefined || parseIpv4(address) !== undefined, `"${address}" is not an IPv4 address`);
  }
  check(isBetween(port, 0, 65_535), `${port} is not a UDP port`);
  check(isBetween(concurrency, 1, 256), `a concurrency of ${concurrency} is not from 1 to 256`);
  check(isBetween(timeoutMs, 100, 60_000), `a timeout of ${timeoutMs} ms is not from 100 to 60,000`);
}

/** Throws MainlineError of kind `invalid-argument` for the first address that is not an IPv4 literal with a port. */
export function checkAddresses(addresses: readonly NodeAddress[]): void {
  for (const node of addresses)
    check(isNodeAddress(node), `"${node.host}:${node.port}" is not an IPv4 address and port`);
}

/** A copy of the options that can be sent to a thread, with nothing but their fields. */
export function plainOptions(options: MainlineOptions): MainlineOptions {
  const { bootstrap, nodes = [], ...rest } = options;
  return { ...rest, bootstrap: plainAddresses(bootstrap), nodes: plainAddresses(nodes) };
}

/** Copies of the addresses with nothing but their fields. */
export function plainAddresses(addresses: readonly NodeAddress[]): readonly NodeAddress[] {
  return addresses.map(({ host, port }) => ({ host, port }));
}

function check(holds: boolean, problem: string): void {
  if (!holds) throw new MainlineError('invalid-argument', problem);
}

function isBetween(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}
