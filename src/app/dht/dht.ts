import { join } from 'node:path';
import { systemClock } from '../../async/clock.ts';
import { orAborted } from '../../async/or-aborted.ts';
import { throwLater } from '../../async/throw-later.ts';
import type { Settings } from '../../config/settings.ts';
import { DhtConnection } from '../../find/dht-connection.ts';
import { isNodeAddress, networkOf } from '../../mainline/addresses.ts';
import type {
  DhtNode,
  DhtStatus,
  LookupEvent,
  LookupOptions,
  NodeAddress,
  PutOutcome,
} from '../../mainline/dht-node.ts';
import { MainlineError } from '../../mainline/errors.ts';
import { type MainlineThread, startMainlineThread } from '../../mainline/thread/proxy.ts';
import { type SpawnDhtThread, spawnDhtThread } from '../../mainline/thread/spawn.ts';
import { describeInternalError, type InternalError } from '../../observe/internal-error.ts';
import type { Log } from '../../observe/log.ts';
import type { Resolver } from '../../resolve/query.ts';
import { machineInterfaces } from '../../system/interfaces.ts';
import { isMetered } from '../../system/links/metered.ts';
import { BootstrapNames } from './bootstrap-names.ts';
import { keepNodeFile, type NodeFileKeeper, nodeFileName, readNodeFile } from './node-file.ts';
import { logServing, ServingConditionsWatch } from './serving-conditions.ts';

/** Milliseconds between tries to start the thread of the node; doubled up to the maximum. */
const FIRST_PAUSE = 500;
const MAX_PAUSE = 60_000;

/** Milliseconds that nodes of an earlier run have to answer before the names of bootstrap hosts are resolved. */
const REMEMBERED_FIRST = 500;

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
  /**
   * The node, as soon as its port is bound; whether there is a network makes no difference. Rejects only when it is closed
   * first.
   */
  readonly node: Promise<DhtNode>;
  /** The node for lookups and puts. */
  readonly connection: DhtConnection;
  /** This machine is in another network: whatever waits for a retry is tried now. */
  networkChanged(): void;
  close(): Promise<void>;
}

/**
 * Starts the DHT node beside everything else: DNS does not wait for it. Bootstrap hosts given by name are resolved
 * with the `resolver` of the parts, never with the system's.
 * @param after is waited for: until then another node may have the port and the file of known nodes.
 */
export function startDht(
  settings: DhtSettings,
  parts: DhtParts,
  after: Promise<void> = Promise.resolve(),
): StartingDht {
  const closing = new AbortController();
  const pauses = new Pauses();
  const node = after.then(() => start(settings, parts, pauses, closing.signal));
  const connection = new DhtConnection(node);
  let started: ProgramNode | undefined;
  node.then(
    (it) => {
      started = it;
    },
    () => {}, // whoever waits for it hears of a rejection
  );
  return {
    node,
    connection,
    networkChanged() {
      pauses.end();
      started?.networkChanged();
      connection.networkChanged();
    },
    async close() {
      closing.abort(new MainlineError('closed', 'The program is stopping.'));
      pauses.end();
      await (await node.catch(() => undefined))?.close();
    },
  };
}

async function start(
  { bootstrap, dhtListen, dhtServe: serve, stateDir }: DhtSettings,
  parts: DhtParts,
  pauses: Pauses,
  signal: AbortSignal,
): Promise<ProgramNode> {
  const { log } = parts;
  const network = networkOf(bootstrap);
  // A test network is gone when its processes are, and its ports are soon somebody else's.
  const file = network === 'test' ? undefined : join(stateDir, nodeFileName(bootstrap));
  const nodes = file === undefined ? [] : await readNodeFile(file, log);
  const addresses = bootstrap.filter(isNodeAddress);
  for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, MAX_PAUSE)) {
    signal.throwIfAborted();
    try {
      const options = { bootstrap: addresses, nodes, ...dhtListen, network, serve };
      const thread = await startMainlineThread(options, spawnTelling(parts.onInternalError), (change) =>
        logServing(log, change),
      );
      const knownNodes = () => thread.knownNodes();
      const keeper = file === undefined ? undefined : keepNodeFile({ path: file, knownNodes, log });
      const serving =
        serve === 'auto'
          ? new ServingConditionsWatch({
              machine: machineInterfaces,
              isMetered,
              clock: systemClock,
              tell: (conditions) => thread.setServingConditions(conditions),
            })
          : undefined;
      return new ProgramNode(thread, { bootstrap, remembers: nodes.length > 0, keeper, serving, parts });
    } catch (error) {
      if (!(error instanceof MainlineError)) throw error;
      log.error('The DHT node cannot start.', { reason: error.message, retryInSeconds: pause / 1000 });
    }
    await pauses.wait(pause);
  }
}

/** Pauses that something from outside can end. */
class Pauses {
  #end: () => void = () => {};

  /** Resolves after so many milliseconds, or when {@link end} is called. It does not keep the process alive. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const callOff = systemClock.after(ms, resolve, true);
      this.#end = () => {
        callOff();
        resolve();
      };
    });
  }

  /** Ends the pause of this moment. */
  end(): void {
    this.#end();
  }
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

/**
 * The node of the thread, which is told the addresses of bootstrap hosts that have names, and leaves the nodes that it
 * knows in a file.
 */
class ProgramNode implements DhtNode {
  readonly #thread: MainlineThread;
  readonly #keeper: NodeFileKeeper | undefined;
  readonly #serving: ServingConditionsWatch | undefined;
  readonly #names: BootstrapNames;
  /** Whether there are addresses to begin at without any name. */
  readonly #hasAddresses: boolean;
  readonly #callOff: () => void;
  /** Whether the nodes of the last run have had their time. */
  #needsNames = false;
  #isReady = false;

  constructor(
    thread: MainlineThread,
    options: {
      readonly bootstrap: readonly NodeAddress[];
      readonly remembers: boolean;
      readonly keeper: NodeFileKeeper | undefined;
      readonly serving: ServingConditionsWatch | undefined;
      readonly parts: DhtParts;
    },
  ) {
    const { bootstrap, remembers, keeper, serving, parts } = options;
    const addresses = bootstrap.filter(isNodeAddress);
    this.#thread = thread;
    this.#keeper = keeper;
    this.#serving = serving;
    this.#hasAddresses = remembers || addresses.length > 0;
    this.#names = new BootstrapNames({
      hosts: bootstrap.filter((host) => !isNodeAddress(host)),
      resolver: parts.resolver,
      log: parts.log,
      clock: systemClock,
      onAddresses: (found) => thread.setBootstrap([...addresses, ...found]),
    });
    thread.ready().then(
      () => {
        this.#isReady = true;
      },
      () => {}, // closed before it knew anybody
    );
    // With the nodes of the last run no name is needed: a start must not depend on names, of all things.
    const needNames = () => {
      this.#needsNames = true;
      this.#resolveNames();
    };
    this.#callOff = systemClock.after(remembers ? REMEMBERED_FIRST : 0, needNames, true);
  }

  async *lookup(key: Uint8Array, options: LookupOptions): AsyncGenerator<LookupEvent, void, undefined> {
    await this.#beginning(options.signal);
    yield* this.#thread.lookup(key, options);
  }

  async put(
    item: Parameters<DhtNode['put']>[0],
    options: Parameters<DhtNode['put']>[1],
  ): Promise<PutOutcome> {
    await this.#beginning(options.signal);
    return await this.#thread.put(item, options);
  }

  status(): Promise<DhtStatus> {
    return this.#thread.status();
  }

  knownNodes(): Promise<readonly NodeAddress[]> {
    return this.#thread.knownNodes();
  }

  wake(): void {
    this.#resolveNames();
    this.#thread.wake();
  }

  networkChanged(): void {
    this.#thread.networkChanged();
    this.#serving?.look();
    this.#names.networkChanged();
  }

  ready(): Promise<void> {
    return this.#thread.ready();
  }

  async close(): Promise<void> {
    this.#callOff();
    this.#names.close();
    this.#serving?.close();
    await this.#keeper?.close();
    await this.#thread.close();
  }

  /** Resolves when there are addresses to begin at, or an attempt to find some is over. */
  async #beginning(signal: AbortSignal): Promise<void> {
    if (this.#isReady) return;
    if (this.#hasAddresses) this.#resolveNames();
    else await orAborted(this.#names.resolve(), signal);
  }

  #resolveNames(): void {
    if (this.#needsNames && !this.#isReady) this.#names.resolve().catch(throwLater);
  }
}
