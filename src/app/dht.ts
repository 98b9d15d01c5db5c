import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { orAborted } from '../async/or-aborted.ts';
import type { Settings } from '../config/settings.ts';
import { WireError } from '../dns/wire-error.ts';
import { DhtConnection } from '../find/dht-connection.ts';
import { isNodeAddress, networkOf } from '../mainline/addresses.ts';
import type { DhtNode, NodeAddress } from '../mainline/dht-node.ts';
import { MainlineError } from '../mainline/errors.ts';
import type { MainlineOptions } from '../mainline/options.ts';
import { startMainlineThread } from '../mainline/thread/proxy.ts';
import { type SpawnDhtThread, spawnDhtThread } from '../mainline/thread/spawn.ts';
import { describeInternalError, type InternalError } from '../observe/internal-error.ts';
import type { Log } from '../observe/log.ts';
import { ResolveError } from '../resolve/errors.ts';
import { resolveHost } from '../resolve/host-addresses.ts';
import type { Resolver } from '../resolve/query.ts';
import { keepNodeFile, readNodeFile } from './node-file.ts';

/** Milliseconds between tries to start while there is no network; doubled up to the maximum. */
const FIRST_PAUSE = 500;
const MAX_PAUSE = 60_000;

/** The file of the state directory that keeps the nodes we know. */
const NODE_FILE = 'nodes';

/** Milliseconds that the nodes of an earlier run have to answer before bootstrap nodes are asked. */
const KNOWN_NODES_TIMEOUT = 3_000;

type DhtSettings = Pick<Settings, 'bootstrap' | 'dhtListen' | 'dhtServe' | 'stateDir'>;

/** What the node needs of the rest of the program. */
export interface DhtParts {
  /** Finds the addresses of bootstrap hosts that are given by name. */
  readonly resolver: Resolver;
  readonly log: Log;
  /** Told of each uncaught error of the node's thread. */
  readonly onInternalError: (error: InternalError) => void;
}

/** A DHT node that is being started, and the means to end it at any moment. */
export interface StartingDht {
  /** Stays pending while there is no network. Rejects only when it is closed first. */
  readonly node: Promise<DhtNode>;
  /** The node for lookups and puts. */
  readonly connection: DhtConnection;
  close(): Promise<void>;
}

/**
 * Starts the DHT node beside everything else: DNS does not wait for it. Bootstrap hosts given by name are resolved
 * with the `resolver` of the parts, never with the system's.
 */
export function startDht(settings: DhtSettings, parts: DhtParts): StartingDht {
  const closing = new AbortController();
  const node = start(settings, parts, closing.signal);
  // Whoever waits for it hears of a rejection; that nobody does is no fault.
  node.catch(() => {});
  return {
    node,
    connection: new DhtConnection(node),
    async close() {
      closing.abort(new MainlineError('closed', 'The program is stopping.'));
      const started = await node.catch(() => undefined);
      await started?.close();
    },
  };
}

async function start(
  { bootstrap, dhtListen, dhtServe: serve, stateDir }: DhtSettings,
  parts: DhtParts,
  signal: AbortSignal,
): Promise<DhtNode> {
  const { resolver, log } = parts;
  const path = join(stateDir, NODE_FILE);
  const network = networkOf(bootstrap);
  const known = await readNodeFile(path, log);
  if (known.length > 0) {
    // With yesterday's nodes no bootstrap name is needed: a start must not depend on names, of all things.
    const options = {
      bootstrap: bootstrap.filter(isNodeAddress),
      nodes: known,
      ...dhtListen,
      network,
      serve,
    };
    const node = await startWithin(options, KNOWN_NODES_TIMEOUT, parts, signal);
    if (node !== undefined) return keepingNodes(node, path, log);
  }
  for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, MAX_PAUSE)) {
    signal.throwIfAborted();
    const addresses = await resolveAll(bootstrap, resolver, log, signal);
    if (addresses.length > 0) {
      try {
        const options = { bootstrap: addresses, nodes: known, ...dhtListen, network, serve };
        const node = await startMainlineThread(options, spawnTelling(parts.onInternalError));
        return keepingNodes(node, path, log);
      } catch (error) {
        if (!(error instanceof MainlineError)) throw error;
        log.error('The DHT node cannot start.', { reason: error.message, againInSeconds: pause / 1000 });
      }
    } else {
      log.warn('No bootstrap node of the DHT has an address yet.', { againInSeconds: pause / 1000 });
    }
    await sleep(pause, undefined, { signal, ref: false }).catch(() => {});
  }
}

/** A node that has joined the network in time, or undefined. */
async function startWithin(
  options: MainlineOptions,
  milliseconds: number,
  { log, onInternalError }: DhtParts,
  signal: AbortSignal,
): Promise<DhtNode | undefined> {
  try {
    const node = await startMainlineThread(options, spawnTelling(onInternalError));
    try {
      await orAborted(node.ready(), AbortSignal.any([signal, AbortSignal.timeout(milliseconds)]));
      return node;
    } catch {
      // Nobody answered, the program is stopping, or the node failed: in each case this one is given up.
      await node.close();
      log.info('None of the DHT nodes of the last run answers; bootstrap nodes are asked.');
    }
  } catch (error) {
    if (!(error instanceof MainlineError)) throw error;
    log.warn('The DHT node cannot start with the nodes of the last run.', { reason: error.message });
  }
  return undefined;
}

/** Starts threads of which each uncaught error is told; it ends the thread, and the next one is started after a pause. */
function spawnTelling(onInternalError: DhtParts['onInternalError']): SpawnDhtThread {
  return (options) => {
    const thread = spawnDhtThread(options);
    thread.on('error', (error) => {
      // No memory or no right for another thread: the system's word, and nobody's bug.
      if ((error as NodeJS.ErrnoException).code === 'ERR_WORKER_INIT_FAILED') return;
      onInternalError(describeInternalError('exception', 'dht', error));
    });
    return thread;
  };
}

/** The same node, which leaves the nodes that it knows in a file, now and then and when it is closed. */
function keepingNodes(node: DhtNode, path: string, log: Log): DhtNode {
  const keeper = keepNodeFile({ path, knownNodes: () => node.knownNodes(), log });
  return {
    lookup: (key, options) => node.lookup(key, options),
    put: (item, options) => node.put(item, options),
    status: () => node.status(),
    knownNodes: () => node.knownNodes(),
    ready: () => node.ready(),
    async close() {
      await keeper.close();
      await node.close();
    },
  };
}

async function resolveAll(
  bootstrap: readonly NodeAddress[],
  resolver: Resolver,
  log: Log,
  signal: AbortSignal,
): Promise<readonly NodeAddress[]> {
  const found = await Promise.all(
    bootstrap.map(async ({ host, port }) => {
      try {
        return (await resolveHost(resolver, host, signal)).map((address) => ({ host: address, port }));
      } catch (error) {
        if (!(error instanceof ResolveError || error instanceof WireError)) throw error;
        log.debug('A bootstrap host could not be resolved.', { host, reason: error.message });
        return [];
      }
    }),
  );
  return found.flat();
}
