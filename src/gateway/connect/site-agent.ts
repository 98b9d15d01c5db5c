import { Agent, type ClientRequest, type ClientRequestArgs } from 'node:http';
import type { Duplex } from 'node:stream';
import type { PublicKey } from '../../pkarr/public-key.ts';
import type { PacketWalk } from '../chain/packet-walk.ts';
import type { SitePlan } from '../chain/plan.ts';
import { GatewayFailure } from '../failure/failure.ts';
import { MAX_WAITING_CONNECTIONS } from '../limits.ts';
import { type ReachedSite, type ReachParts, reachSite } from './reach-site.ts';

/** What a request to a site gives its agent beside the usual. */
export interface SiteRequestArgs extends ClientRequestArgs {
  readonly plan: SitePlan;
  readonly walk: PacketWalk;
  /** Not over a connection that was used before. */
  readonly fresh: boolean;
  /** Ends the attempts to connect. Node takes an option named `signal` for itself. */
  readonly stopped: AbortSignal;
}

/**
 * Node's agent, with connections that only `reachSite` makes. One that becomes free serves the next request of an equal
 * plan: the same packets, and so the same key.
 */
export class SiteAgent extends Agent {
  readonly #parts: ReachParts;
  readonly #made = new WeakMap<Duplex, ReachedSite & { readonly at: number }>();

  constructor(parts: ReachParts) {
    const { keepAliveMs, perKey, inAll } = parts.limits;
    super({
      keepAlive: true,
      timeout: keepAliveMs,
      maxSockets: perKey,
      // Those that wait for a request count too.
      maxTotalSockets: 2 * inAll,
      maxFreeSockets: MAX_WAITING_CONNECTIONS,
    });
    this.#parts = parts;
  }

  /** Requests with the same name may share a connection. */
  override getName(options?: ClientRequestArgs): string {
    const { plan, fresh } = options as SiteRequestArgs;
    return fresh ? `fresh\n${plan.id}` : plan.id;
  }

  override createConnection(
    options: ClientRequestArgs,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    const { plan, walk, stopped } = options as SiteRequestArgs;
    // Node's types want a stream also beside an error.
    const done = callback as (error: Error | null, stream?: Duplex) => void;
    reachSite(plan, walk, this.#parts, stopped).then(
      (reached) => {
        this.#made.set(reached.socket, { ...reached, at: performance.now() });
        done(null, reached.socket);
      },
      (error: unknown) =>
        done(error instanceof Error ? error : new GatewayFailure('internal', undefined, { cause: error })),
    );
  }

  /** The key that counted when this connection was made. */
  keyOf(socket: Duplex): PublicKey | undefined {
    return this.#made.get(socket)?.key;
  }

  /** Called by Node before a connection serves another request: settings and interfaces may have changed meanwhile. */
  override reuseSocket(socket: Duplex, request: ClientRequest): void {
    const reached = this.#made.get(socket);
    const isAllowed =
      reached !== undefined && this.#parts.guard.allowed(reached.address, reached.keys) !== undefined;
    // The request finds it closed, and has another one made, which tells what is wrong.
    if (!isAllowed) socket.destroy();
    super.reuseSocket(socket, request);
  }

  /** Called by Node for a connection that became free. */
  override keepSocketAlive(socket: Duplex): boolean {
    const age = performance.now() - (this.#made.get(socket)?.at ?? 0);
    if (age > this.#parts.limits.connectionAgeMs) return false;
    // Node's own answer sets the timer of the free socket, and obeys what the site says in Keep-Alive.
    return keepSocketAlive.call(this, socket);
  }
}

const { keepSocketAlive } = Agent.prototype as unknown as {
  readonly keepSocketAlive: (this: Agent, socket: Duplex) => boolean;
};
