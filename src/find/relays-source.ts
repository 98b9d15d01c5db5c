import type { PublicKey } from '../pkarr/public-key.ts';
import type { RelayClient } from '../relay/client.ts';
import { inTurn } from './fallback-source.ts';
import { type PacketSource, SourceError } from './packet-source.ts';
import { relaySource } from './relay-source.ts';

/** Milliseconds without a packet from one relay before the next is asked. */
const NEXT_AFTER = 1_000;
/** Milliseconds that a lookup waits for a rate limit. If the client gives up earlier, the packet is cached for the next query. */
const LIMIT_PATIENCE = 10_000;

/**
 * Several relays that share the load. The order of relays depends on the key, so that each key is asked of the same relay each
 * time; a relay that limits the rate comes last. If none of them answers and some limit the rate, the lookup waits for those.
 */
export function relaysSource(relays: readonly [RelayClient, ...RelayClient[]]): PacketSource {
  return {
    label: relays.map(({ label }) => label).join(', '),
    async *lookup(key, options) {
      try {
        yield* ask(orderFor(key, relays)).lookup(key, options);
        return;
      } catch (error) {
        options.signal.throwIfAborted();
        if (!(error instanceof SourceError) || !relays.some(isWorthWaitingFor)) throw error;
      }
      const limited = orderFor(key, relays).filter(isWorthWaitingFor);
      yield* ask(limited, LIMIT_PATIENCE).lookup(key, options);
    },
  };
}

function ask(relays: readonly RelayClient[], patience = 0): PacketSource {
  const [first, ...rest] = relays.map((relay) => relaySource(relay, { patience }));
  if (first === undefined) throw new RangeError('There is no relay to ask.');
  return inTurn([first, ...rest], { afterMs: NEXT_AFTER });
}

function isWorthWaitingFor({ limitedFor }: RelayClient): boolean {
  const forMs = limitedFor();
  return forMs > 0 && forMs <= LIMIT_PATIENCE;
}

function orderFor(key: PublicKey, relays: readonly RelayClient[]): readonly RelayClient[] {
  // Keys are random, and so is the first octet of each.
  const start = (key.toBytes()[0] ?? 0) % relays.length;
  const rotated = [...relays.slice(start), ...relays.slice(0, start)];
  const limits = new Map(rotated.map((relay) => [relay, relay.limitedFor()]));
  return rotated.sort((a, b) => (limits.get(a) ?? 0) - (limits.get(b) ?? 0));
}
