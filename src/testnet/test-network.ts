import { orAborted } from '../async/or-aborted.ts';
import type { DhtNode, NodeAddress } from '../mainline/dht-node.ts';
import { type MainlineEnvironment, machineEnvironment, startMainlineNode } from '../mainline/node/node.ts';
import type { Datagrams, OpenDatagrams } from '../mainline/socket/datagrams.ts';

/** The options of a test network. */
export interface TestNetworkOptions {
  /** Number of nodes, at least 1. */
  readonly nodes: number;
  /** Delay in milliseconds of each datagram that a node sends, so that a query to it takes that long. Default 0. */
  readonly delayMs?: number;
  /** Fraction of each node's datagrams that are lost, 0 to 1. Default 0. */
  readonly lossRate?: number;
  /** Fraction of the nodes that never answer, 0 to 1. Which ones depends only on their index. Default 0. */
  readonly silentFraction?: number;
  /** A loopback address. Default `127.0.0.1`. */
  readonly host?: string;
  /** The UDP port of the first node, which is the first of `bootstrap`. Default 0, any free one. */
  readonly port?: number;
}

/** A running test network. */
export interface TestNetwork {
  /** Up to three nodes that are not silent. */
  readonly bootstrap: readonly NodeAddress[];
  /** All nodes. */
  readonly addresses: readonly NodeAddress[];
  /** Ends all nodes. */
  close(): Promise<void>;
}

/** A test network in this thread. */
export interface LocalTestNetwork extends TestNetwork {
  /** All nodes, including silent ones, in the order of `addresses`. */
  readonly nodes: readonly DhtNode[];
}

/** Number of nodes that join at the same time during the start. */
const JOINING_AT_ONCE = 10;
const BOOTSTRAP_NODES = 3;

/**
 * Starts a DHT of real serving nodes on loopback. Resolves when every node has joined. Only then do delay, loss and silence
 * begin, so that routing tables contain nodes that do not answer, as in the public DHT. `random` decides which datagrams are
 * lost, and `openDatagrams` opens the sockets of the nodes. Rejects with MainlineError, or with the reason of `signal` when that
 * aborts before; then no node is left.
 */
export async function startTestNetwork(
  options: TestNetworkOptions,
  signal: AbortSignal = new AbortController().signal,
  random: () => number = Math.random,
  openDatagrams: OpenDatagrams = machineEnvironment.openDatagrams,
): Promise<LocalTestNetwork> {
  const {
    nodes: count,
    delayMs = 0,
    lossRate = 0,
    silentFraction = 0,
    host = '127.0.0.1',
    port = 0,
  } = options;
  const conditions = { delayMs, lossRate, random, begun: false };
  const nodes: DhtNode[] = [];
  const addresses: NodeAddress[] = [];
  const join = async (index: number) => {
    signal.throwIfAborted();
    const silent = isSilent(index, silentFraction);
    const environment: MainlineEnvironment = {
      ...machineEnvironment,
      openDatagrams: impaired(openDatagrams, conditions, silent),
    };
    const bootstrap = addresses.slice(0, 1);
    const node = await startMainlineNode(
      { bootstrap, host, port: index === 0 ? port : 0, network: 'test', serve: true },
      environment,
    );
    nodes[index] = node;
    addresses[index] = { host, port: (await node.status()).port };
    await orAborted(node.settled(), signal);
  };
  for (let index = 0; index < count; index = nodes.length) {
    const last = index === 0 ? 1 : Math.min(count, index + JOINING_AT_ONCE);
    const joining = Array.from({ length: last - index }, (_, offset) => join(index + offset));
    const failed = (await Promise.allSettled(joining)).find(({ status }) => status === 'rejected');
    if (failed?.status !== 'rejected') continue;
    // Nodes that continue to run would keep this thread alive, and its end is waited for.
    await Promise.all(Object.values(nodes).map((node) => node.close()));
    throw failed.reason;
  }
  conditions.begun = true;
  const bootstrap = addresses
    .filter((_, index) => !isSilent(index, silentFraction))
    .slice(0, BOOTSTRAP_NODES);
  return {
    bootstrap,
    addresses,
    nodes,
    close: async () => {
      await Promise.all(nodes.map((node) => node.close()));
    },
  };
}

/** Spreads the silent nodes evenly: of the first n nodes, floor(n × fraction) are silent. The first is not, below 1. */
function isSilent(index: number, fraction: number): boolean {
  return Math.floor((index + 1) * fraction) > Math.floor(index * fraction);
}

interface Conditions {
  readonly delayMs: number;
  readonly lossRate: number;
  readonly random: () => number;
  /** False during the start. */
  begun: boolean;
}

/** Opens sockets that delay, lose or ignore datagrams. */
function impaired(open: OpenDatagrams, conditions: Conditions, silent: boolean): OpenDatagrams {
  return async (options) => {
    const delayed = new Set<NodeJS.Timeout>();
    const inner = await open({
      ...options,
      onDatagram: (datagram, from) => {
        if (!(silent && conditions.begun)) options.onDatagram(datagram, from);
      },
    });
    const later: Datagrams['send'] = (datagram, to, done) => {
      if (conditions.random() < conditions.lossRate) return process.nextTick(done);
      const timer = setTimeout(() => {
        delayed.delete(timer);
        inner.send(datagram, to, done);
      }, conditions.delayMs);
      delayed.add(timer);
    };
    return {
      port: inner.port,
      send: (datagram, to, done) => {
        if (!conditions.begun) return inner.send(datagram, to, done);
        if (conditions.delayMs > 0 || conditions.lossRate > 0) return later(datagram, to, done);
        inner.send(datagram, to, done);
      },
      close: () => {
        for (const timer of delayed) clearTimeout(timer);
        return inner.close();
      },
    };
  };
}
