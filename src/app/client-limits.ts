import type { Settings } from '../config/settings.ts';
import { defaultListen } from '../config/table/answering.ts';
import type { IpPrefix } from '../ip/prefix.ts';
import { defaultAccess, loopbackPrefixes } from '../serve/clients/access-list.ts';
import {
  ClientRateLimit,
  ColdKeyLimit,
  DEFAULT_MAX_CLIENTS,
  unlimited,
} from '../serve/clients/rate-limit.ts';
import { type ListenSettings, serviceAddresses } from '../serve/served-address.ts';
import { machineInterfaces } from '../system/interfaces.ts';

/** Who may ask: this machine, and the clients that are configured or that are on the networks of the listening interfaces. */
export function accessPrefixes({
  allowFrom,
  listen,
  ...services
}: Pick<Settings, 'allowFrom'> & ListenSettings): readonly IpPrefix[] {
  if (allowFrom !== 'default') return [...loopbackPrefixes, ...allowFrom];
  const hosts = listen === 'default' ? defaultListen.hosts : listen.map(({ host }) => host);
  const others = serviceAddresses({ listen, ...services }).map(({ host }) => host);
  return defaultAccess([...hosts, ...others], machineInterfaces());
}

/** Which addresses the owner of a key may publish, for names and for name servers. */
export function ownersMayName({
  pkarrPrivate,
  pkarrLoopback,
}: Pick<Settings, 'pkarrPrivate' | 'pkarrLoopback'>) {
  return { allowPrivate: pkarrPrivate === 'allow', allowLoopback: pkarrLoopback === 'allow' };
}

/**
 * The rate limit of one client in one process. The rates of all workers add up to the setting; each worker allows the full
 * burst, because the queries of a client are not spread evenly.
 */
export function clientRate(
  { clientRate: rate, workers }: Pick<Settings, 'clientRate' | 'workers'>,
  now: () => number,
): Pick<ClientRateLimit, 'verdict' | 'takeAnswer'> {
  if (rate === 0) return unlimited;
  return new ClientRateLimit({
    rate: { perSecond: rate / workers, burst: rate * 2 },
    maxClients: DEFAULT_MAX_CLIENTS,
    now,
  });
}

/** Packets that the relay publishes in a second for all clients together: each costs a lookup and twenty puts. */
const RELAY_PUTS = 50;

/** The rate limit of publishing for others, who are told apart by the /64 of an IPv6 address. */
export function relayPutLimit({ relayRate }: Pick<Settings, 'relayRate'>, now: () => number): ColdKeyLimit {
  return new ColdKeyLimit({
    total: { perSecond: RELAY_PUTS, burst: RELAY_PUTS * 5 },
    perClient: { perSecond: relayRate, burst: relayRate * 5 },
    octetsOfIpv6: 8,
    maxClients: DEFAULT_MAX_CLIENTS,
    now,
  });
}

/** The rate limit of lookups of keys that are not cached. */
export function coldKeyLimit(
  { coldKeyRate, coldKeyClientRate }: Pick<Settings, 'coldKeyRate' | 'coldKeyClientRate'>,
  now: () => number,
): ColdKeyLimit {
  return new ColdKeyLimit({
    total: { perSecond: coldKeyRate, burst: coldKeyRate * 5 },
    perClient: { perSecond: coldKeyClientRate, burst: coldKeyClientRate * 5 },
    maxClients: DEFAULT_MAX_CLIENTS,
    now,
  });
}
