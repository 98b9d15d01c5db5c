import { defaultListen, type Settings } from '../config/settings.ts';
import type { IpPrefix } from '../ip/prefix.ts';
import { defaultAccess, loopbackPrefixes } from '../serve/access-list.ts';
import { ClientRateLimit, ColdKeyLimit, DEFAULT_MAX_CLIENTS, unlimited } from '../serve/rate-limit.ts';
import { machineInterfaces } from '../system/interfaces.ts';

/** Who may ask: this machine, and whom the person or the interfaces that are listened on name. */
export function accessPrefixes({
  allowFrom,
  listen,
}: Pick<Settings, 'allowFrom' | 'listen'>): readonly IpPrefix[] {
  if (allowFrom !== 'default') return [...loopbackPrefixes, ...allowFrom];
  const hosts = listen === 'default' ? defaultListen.hosts : listen.map(({ host }) => host);
  return defaultAccess(hosts, machineInterfaces());
}

/** Which addresses the owner of a key may give out, for its names and for the servers of its zone. */
export function ownersMayName({
  pkarrPrivate,
  pkarrLoopback,
}: Pick<Settings, 'pkarrPrivate' | 'pkarrLoopback'>) {
  return { allowPrivate: pkarrPrivate === 'allow', allowLoopback: pkarrLoopback === 'allow' };
}

/**
 * How much one client may ask of one process. What several workers allow adds up to the setting; the burst is each one's
 * own, since nobody sees to it that the queries of a client are spread evenly.
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

/** How many keys may be looked up anew. */
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
