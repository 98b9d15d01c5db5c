import type { Socket } from 'node:net';
import type { PublicKey } from '../../pkarr/public-key.ts';
import type { PacketWalk } from '../chain/packet-walk.ts';
import { type Endpoint, endpointOf, type SitePlan } from '../chain/plan.ts';
import { GatewayFailure, mostTelling } from '../failure/failure.ts';
import type { GatewayLimits } from '../limits.ts';
import type { AddressGuard } from './address-guard.ts';
import { openConnection } from './open-connection.ts';

/** What it takes to reach a site. */
export interface ReachParts {
  readonly guard: AddressGuard;
  readonly limits: GatewayLimits;
}

/** A connection to a site. */
export interface ReachedSite {
  readonly socket: Socket;
  /** The key that counts: the server has it, when the plan is a verified one. */
  readonly key: PublicKey;
  /** Every key on the way. */
  readonly keys: readonly PublicKey[];
  /** The address to which the socket is connected. */
  readonly address: string;
}

/**
 * A connection to the first server of a plan that can be had, in the order of the plan. @throws GatewayFailure: the most
 * telling one of all that was tried, and the reason of `signal`.
 */
export async function reachSite(
  plan: SitePlan,
  walk: PacketWalk,
  parts: ReachParts,
  signal: AbortSignal,
): Promise<ReachedSite> {
  const failures: GatewayFailure[] = [];
  for (const candidate of plan.candidates) {
    try {
      const endpoint = await endpointOf(candidate, walk);
      if (endpoint.addresses.length > 0) {
        const socket = await connectFirst(plan.kind, endpoint, parts, signal);
        const { key, keys } = endpoint;
        return { socket, key, keys, address: socket.remoteAddress ?? '' };
      }
      failures.push(new GatewayFailure('no-address'));
    } catch (error) {
      if (!(error instanceof GatewayFailure)) throw error;
      failures.push(error);
    }
    signal.throwIfAborted();
  }
  throw mostTelling(failures) ?? new GatewayFailure('no-address');
}

/**
 * RFC 8305 §5: attempts are started one after the other, the next one "Connection Attempt Delay" later or when one failed, and
 * the first that succeeds is taken; here it succeeds when the server also has the key. The others are closed.
 */
async function connectFirst(
  kind: SitePlan['kind'],
  { key, keys, port, addresses }: Endpoint,
  { guard, limits }: ReachParts,
  signal: AbortSignal,
): Promise<Socket> {
  const serverKey = kind === 'verified' ? key : undefined;
  const order = interleaved(addresses);
  const others = new AbortController();
  const abort = () => others.abort(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<Socket>((resolve, reject) => {
      const failures: GatewayFailure[] = [];
      let running = 0;
      const startNext = () => {
        clearTimeout(timer);
        const address = others.signal.aborted ? undefined : order.shift();
        if (address === undefined) {
          if (running === 0) reject(mostTelling(failures) ?? others.signal.reason);
          return;
        }
        running += 1;
        timer = setTimeout(startNext, limits.staggerMs);
        openConnection({ address, port, keys, serverKey }, guard, limits.connectMs, others.signal).then(
          (socket) => (others.signal.aborted ? socket.destroy() : resolve(socket)),
          (error: unknown) => {
            running -= 1;
            if (!(error instanceof GatewayFailure)) reject(error);
            else failures.push(error);
            startNext();
          },
        );
      };
      startNext();
    });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
    others.abort(new GatewayFailure('down'));
  }
}

/** RFC 8305 §4: the families by turns, IPv6 first, otherwise in the given order. */
function interleaved(addresses: readonly string[]): string[] {
  const ipv6 = addresses.filter((address) => address.includes(':'));
  const ipv4 = addresses.filter((address) => !address.includes(':'));
  const turns = Array.from({ length: Math.max(ipv6.length, ipv4.length) }, (_, i) => [ipv6[i], ipv4[i]]);
  return turns.flat().filter((address) => address !== undefined);
}
