import { setImmediate as nextTurn } from 'node:timers/promises';
import type { DhtNode, NodeAddress } from '../mainline/dht-node.ts';
import { type MainlineEnvironment, machineEnvironment, startMainlineNode } from '../mainline/node/node.ts';
import type { Datagrams, DatagramsOptions, OpenDatagrams } from '../mainline/socket/datagrams.ts';
import { ID_LENGTH } from '../mainline/wire/compact-nodes.ts';
import { tablesOf } from './tables.ts';

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

const BOOTSTRAP_NODES = 3;
/** Sockets that are opened at the same time. */
const OPENED_AT_ONCE = 50;
/** Nodes that are started in one turn of the event loop. */
const STARTED_AT_ONCE = 10;

/**
 * Starts a DHT of real serving nodes on loopback. Each begins with the table that it would have after it joined: to join takes a
 * node over a hundred queries, and as many pings of those that it asked. Silent nodes are in the tables too. `random` decides
 * which datagrams are lost, and `openDatagrams` opens the sockets of the nodes. Rejects with MainlineError, or with the reason of
 * `signal` when that aborts before; then no node is left.
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
  const conditions = { delayMs, lossRate, random };
  const sockets: EarlySocket[] = [];
  // What stays open would keep this thread alive, and its end is waited for.
  const giveUp = async (reason: unknown): Promise<never> => {
    await Promise.all(sockets.map((socket) => socket.close()));
    throw reason;
  };
  for (let from = 0; from < count; from += OPENED_AT_ONCE) {
    const opening = Array.from({ length: Math.min(OPENED_AT_ONCE, count - from) }, (_, offset) => {
      const index = from + offset;
      const open = impaired(openDatagrams, conditions, isSilent(index, silentFraction));
      return openEarly(open, host, index === 0 ? port : 0);
    });
    const opened = await Promise.allSettled(opening);
    sockets.push(...opened.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : [])));
    const failed = opened.find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') await giveUp(failed.reason);
    if (signal.aborted) await giveUp(signal.reason);
  }
  const addresses: readonly NodeAddress[] = sockets.map((socket) => ({ host, port: socket.port }));
  const contacts = addresses.map((address) => ({
    ...address,
    id: machineEnvironment.randomBytes(ID_LENGTH),
  }));
  const beginnings = tablesOf(contacts);
  const nodes: DhtNode[] = [];
  for (const [index, socket] of sockets.entries()) {
    const environment: MainlineEnvironment = {
      ...machineEnvironment,
      openDatagrams: socket.open,
      beginning: beginnings[index],
    };
    nodes.push(await startMainlineNode({ bootstrap: [], host, network: 'test', serve: true }, environment));
    // A signal is heard of only between two turns.
    if (index % STARTED_AT_ONCE === 0) await nextTurn();
    if (!signal.aborted) continue;
    await Promise.all(nodes.map((node) => node.close()));
    await giveUp(signal.reason);
  }
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
}

/** A socket that is open before its node is there. */
interface EarlySocket {
  readonly port: number;
  /** Hands it over. */
  readonly open: OpenDatagrams;
  close(): Promise<void>;
}

async function openEarly(open: OpenDatagrams, host: string, port: number): Promise<EarlySocket> {
  let owner: DatagramsOptions | undefined;
  const datagrams = await open({
    host,
    port,
    onDatagram: (datagram, from) => owner?.onDatagram(datagram, from),
    onError: (code) => owner?.onError(code),
  });
  return {
    port: datagrams.port,
    open: async (options) => {
      owner = options;
      return datagrams;
    },
    close: () => datagrams.close(),
  };
}

/** Opens sockets that delay, lose or ignore datagrams. */
function impaired(open: OpenDatagrams, conditions: Conditions, silent: boolean): OpenDatagrams {
  return async (options) => {
    const delayed = new Set<NodeJS.Timeout>();
    const inner = await open({
      ...options,
      onDatagram: (datagram, from) => {
        if (!silent) options.onDatagram(datagram, from);
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
