import { Name } from '../../dns/name.ts';
import type { Lookups } from '../../gateway/lookups.ts';
import { InvariantError } from '../../pkarr/invariant-error.ts';
import { PublicKey } from '../../pkarr/public-key.ts';
import { SignedPacket } from '../../pkarr/signed-packet.ts';
import type { Calls } from './calls.ts';
import type { RemoteCalls } from './remote-calls.ts';

/** The lookups of the gateway, in the main thread: plain values out of what the resolver has. */
export function gatewayCalls(lookups: Lookups): Pick<Calls, 'packet' | 'addresses'> {
  return {
    packet: async (key, { signal }) =>
      (await lookups.packet(PublicKey.fromLabel(key), signal))?.toRelayPayload(),
    addresses: (name, { signal }) => lookups.addresses(Name.fromKey(name), signal),
  };
}

/** The same in the thread: it asks the main thread. */
export function remoteLookups(calls: Pick<RemoteCalls<Calls>, 'ask'>): Lookups {
  return {
    async packet(key, signal) {
      const payload = await calls.ask('packet', key.text, signal);
      return payload && verified(key, payload);
    },
    addresses: (name, signal) => calls.ask('addresses', name.key, signal),
  };
}

/** The packet that the main thread sent. A `SignedPacket` is always verified, also in this thread: 0.2 ms. */
function verified(key: PublicKey, payload: Uint8Array): SignedPacket {
  const verdict = SignedPacket.fromRelayPayload(key, payload);
  if (!verdict.ok)
    throw new InvariantError(`a packet that the main thread verified does not verify: ${verdict.reason}`);
  return verdict.packet;
}
