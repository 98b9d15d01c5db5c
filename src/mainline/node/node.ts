import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { elapsedClock } from '../../async/elapsed-clock.ts';
import { orAborted } from '../../async/or-aborted.ts';
import { KEY_LENGTH } from '../../bep44/ed25519-rules.ts';
import { acceptsHost, type NetworkKind, networkOf, parseIpv4 } from '../addresses.ts';
import type {
  ControlledDhtNode,
  DhtNode,
  DhtStatus,
  LookupEvent,
  LookupOptions,
  NodeAddress,
  ServingChange,
  ServingConditions,
} from '../dht-node.ts';
import { MainlineError } from '../errors.ts';
import {
  checkAddresses,
  checkOptions,
  DEFAULT_CONCURRENCY,
  DEFAULT_TIMEOUT_MS,
  type MainlineOptions,
} from '../options.ts';
import { type OpenDatagrams, openUdp } from '../socket/datagrams.ts';
import { KrpcSocket } from '../socket/krpc-socket.ts';
import { copyOf } from '../wire/bytes.ts';
import { ID_LENGTH, type NodeContact } from '../wire/compact-nodes.ts';
import { isSecureNodeId, type RandomBytes, secureNodeId } from '../wire/node-id.ts';
import { AutoServing } from './auto-serving.ts';
import { ExternalAddress } from './external-address.ts';
import { lookup } from './lookup.ts';
import { Maintenance } from './maintenance.ts';
import { Network } from './network.ts';
import { put } from './put.ts';
import { Routing } from './routing.ts';
import { AUTO_LIMITS, PUBLIC_LIMITS, Serving, type ServingLimits, TEST_LIMITS } from './serving.ts';

/** The environment of a node. */
export interface MainlineEnvironment {
  readonly openDatagrams: OpenDatagrams;
  readonly randomBytes: RandomBytes;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  /** Milliseconds of a monotonic clock that also counts the time in which the machine slept. */
  readonly elapsed: () => number;
  /** Called with each error that was thrown inside the DHT packages and caught. */
  readonly onFault: (error: unknown) => void;
  /** Called when a node with `serve: 'auto'` begins to serve and when it stops. */
  readonly onServing: (change: ServingChange) => void;
  /** For a node of a network that is made as a whole: its id, and what is in its table, so that it need not search for others. */
  readonly beginning?: { readonly id: Uint8Array; readonly table: readonly NodeContact[] } | undefined;
}

/** A node in this thread. */
export interface LocalDhtNode extends ControlledDhtNode {
  /** Resolves when the first search for nodes is over, successful or not; later than `ready`. */
  settled(): Promise<void>;
}

/** Maximum number of lookups and puts at once. Each has up to 96 open queries, and the socket 4096. */
const MAX_ACTIVE = 256;
/** Queries in a row without an answer after which we are cut off. With a third of all nodes gone that happens once in some thousand times. */
const MANY_UNANSWERED = 8;
/** Maximum number of nodes returned by knownNodes. */
const MAX_KNOWN_NODES = 200;

/** The sockets, random numbers and clocks of this machine. Faults show only in the status. */
export const machineEnvironment: MainlineEnvironment = {
  openDatagrams: openUdp,
  randomBytes,
  now: () => performance.now(),
  elapsed: () => elapsedClock.now(),
  onFault: () => {},
  onServing: () => {},
};

/**
 * Starts a node in this thread. Resolves as soon as the port is bound, with or without a network; see DhtNode.ready. Rejects
 * with MainlineError of kind `bind-failed` or `invalid-argument`.
 */
export async function startMainlineNode(
  options: MainlineOptions,
  environment: MainlineEnvironment = machineEnvironment,
): Promise<LocalDhtNode> {
  checkOptions(options);
  const network = options.network ?? networkOf(options.bootstrap);
  const state: FaultState = { faults: 0, lastFault: undefined };
  const onFault = (error: unknown) => {
    state.faults++;
    state.lastFault = error instanceof Error ? (error.stack ?? error.message) : String(error);
    environment.onFault(error);
  };
  const socket = new KrpcSocket({
    network,
    timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    randomBytes: environment.randomBytes,
    now: environment.now,
    onFault,
  });
  await socket.bind(environment.openDatagrams, options.host ?? '0.0.0.0', options.port ?? 0);
  const id = environment.beginning?.id ?? initialId(options.externalHost, environment.randomBytes);
  const routing = new Routing({ socket, id, randomBytes: environment.randomBytes, onFault });
  return new MainlineNode({ ...options, network }, environment, { socket, routing, state, onFault });
}

interface Parts {
  readonly socket: KrpcSocket;
  readonly routing: Routing;
  readonly state: FaultState;
  readonly onFault: (error: unknown) => void;
}

interface FaultState {
  faults: number;
  lastFault: string | undefined;
}

class MainlineNode implements LocalDhtNode {
  readonly #parts: Parts;
  readonly #environment: MainlineEnvironment;
  /** Answers queries of others; undefined while the node does not serve. */
  #serving: Serving | undefined;
  /** Undefined unless the node decides by itself whether it serves. */
  readonly #auto: AutoServing | undefined;
  readonly #external = new ExternalAddress();
  readonly #network: Network;
  readonly #maintenance: Maintenance;
  readonly #closing = new AbortController();
  readonly #calls = new Set<AbortController>();
  #closed: Promise<void> | undefined;

  constructor(
    options: MainlineOptions & { readonly network: NetworkKind },
    environment: MainlineEnvironment,
    parts: Parts,
  ) {
    const { socket, routing, onFault } = parts;
    const { bootstrap, nodes = [], concurrency = DEFAULT_CONCURRENCY, network: kind } = options;
    this.#parts = parts;
    this.#environment = environment;
    this.#network = new Network({
      kind,
      socket,
      routing,
      external: this.#external,
      bootstrap,
      // Nodes of another kind of network are of no use here.
      remembered: nodes.filter(({ host }) => acceptsHost(kind, parseIpv4(host) ?? 0)),
      concurrency,
      timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
      now: environment.now,
    });
    routing.fill(environment.beginning?.table ?? []);
    this.#maintenance = new Maintenance({
      routing,
      isFilled: environment.beginning !== undefined,
      isCutOff: () => this.#isCutOff,
      network: this.#network,
      randomBytes: environment.randomBytes,
      now: environment.now,
      onFault,
    });
    socket.listenToSilence(() => this.#maintenance.noteSilence());
    if (options.serve === true) this.#serve(kind === 'test' ? TEST_LIMITS : PUBLIC_LIMITS);
    if (options.serve === 'auto') {
      this.#auto = new AutoServing({
        now: environment.elapsed,
        seenAt: () => this.#external.agreed(),
        serve: (change) => {
          if (change.kind === 'began') this.#serve(AUTO_LIMITS);
          else this.#stopServing();
          environment.onServing(change);
        },
      });
      socket.watchQueries(this.#auto);
    }
  }

  async *lookup(key: Uint8Array, options: LookupOptions): AsyncGenerator<LookupEvent, void, undefined> {
    if (key.length !== KEY_LENGTH) {
      throw new MainlineError('invalid-argument', `the key has ${key.length} bytes, not ${KEY_LENGTH}`);
    }
    const { signal, end } = this.#begin(options.signal);
    try {
      yield* lookup(this.#network, copyOf(key), { ...options, signal });
    } finally {
      end();
    }
  }

  async put(
    item: Parameters<DhtNode['put']>[0],
    options: Parameters<DhtNode['put']>[1],
  ): ReturnType<DhtNode['put']> {
    const { signal, end } = this.#begin(options.signal);
    try {
      return await put(this.#network, item, { ...options, signal });
    } finally {
      end();
    }
  }

  async status(): Promise<DhtStatus> {
    const { socket, routing, state } = this.#parts;
    const externalHost = this.#external.agreed();
    const address = externalHost === undefined ? undefined : parseIpv4(externalHost);
    const { traffic } = socket;
    const { nextSearchMs } = this.#maintenance;
    return {
      nodes: this.#isCutOff ? 0 : routing.size,
      port: socket.port,
      nodeId: copyOf(routing.id),
      secureId: address !== undefined && isSecureNodeId(routing.id, address),
      ...(externalHost !== undefined && { externalHost }),
      serving: this.#serving !== undefined,
      ...(this.#auto !== undefined && { autoServing: this.#auto.state }),
      storedItems: this.#serving?.storedItems ?? 0,
      active: this.#calls.size,
      queries: {
        sent: traffic.of('sent'),
        answered: traffic.of('answered'),
        refused: traffic.of('refused'),
        silent: traffic.of('silent'),
      },
      ...(socket.heardMs !== undefined && { heardMs: socket.heardMs }),
      served: { received: traffic.of('received'), answered: traffic.of('served') },
      ...(socket.unsent !== undefined && { unsent: socket.unsent }),
      ...(nextSearchMs !== undefined && { nextSearchMs }),
      sendErrors: socket.sendErrors.snapshot(),
      dropped: socket.dropped.snapshot(),
      faults: state.faults,
      ...(state.lastFault !== undefined && { lastFault: state.lastFault }),
    };
  }

  async knownNodes(): Promise<readonly NodeAddress[]> {
    return this.#parts.routing.recent(MAX_KNOWN_NODES);
  }

  wake(): void {
    this.#maintenance.demand();
  }

  setBootstrap(addresses: readonly NodeAddress[]): void {
    checkAddresses(addresses);
    this.#network.setBootstrap(addresses);
    this.#maintenance.wake();
  }

  setServingConditions(conditions: ServingConditions): void {
    this.#auto?.setConditions(conditions);
  }

  networkChanged(): void {
    this.#external.forget();
    this.#network.networkChanged();
    this.#auto?.networkChanged();
    this.#maintenance.wake();
  }

  ready(): Promise<void> {
    return orAborted(this.#maintenance.ready, this.#closing.signal);
  }

  settled(): Promise<void> {
    return this.#maintenance.settled;
  }

  close(): Promise<void> {
    if (this.#closed === undefined) {
      const reason = new MainlineError('closed', 'the DHT node was closed');
      this.#closing.abort(reason);
      for (const call of this.#calls) call.abort(reason);
      this.#maintenance.close();
      this.#network.close();
      this.#closed = this.#parts.routing.close();
    }
    return this.#closed;
  }

  /** Whether no node that we know can be reached, as far as the last queries tell. */
  get #isCutOff(): boolean {
    const { socket, routing } = this.#parts;
    return socket.unanswered >= Math.min(MANY_UNANSWERED, Math.max(2, routing.size));
  }

  #serve(limits: ServingLimits): void {
    const { socket, routing } = this.#parts;
    this.#serving = new Serving({ socket, routing, limits, ...this.#environment });
    routing.rpc.responder = this.#serving;
    socket.serveWith(this.#serving);
  }

  #stopServing(): void {
    this.#serving = undefined;
    this.#parts.routing.rpc.responder = undefined;
    this.#parts.socket.serveWith(undefined);
  }

  /** Begins a lookup or put: its signal aborts with the caller's, or with `closed` when the node is closed. */
  #begin(outer: AbortSignal): Call {
    this.#closing.signal.throwIfAborted();
    outer.throwIfAborted();
    if (this.#calls.size >= MAX_ACTIVE) {
      throw new MainlineError('busy', `${MAX_ACTIVE} lookups and puts are already in progress`);
    }
    const inner = new AbortController();
    const onAbort = () => inner.abort(outer.reason);
    outer.addEventListener('abort', onAbort, { once: true });
    this.#calls.add(inner);
    const end = () => {
      outer.removeEventListener('abort', onAbort);
      this.#calls.delete(inner);
    };
    return { signal: inner.signal, end };
  }
}

interface Call {
  readonly signal: AbortSignal;
  readonly end: () => void;
}

function initialId(externalHost: string | undefined, random: RandomBytes): Uint8Array {
  const address = externalHost === undefined ? undefined : parseIpv4(externalHost);
  return address === undefined ? random(ID_LENGTH) : secureNodeId(address, random);
}
