import { fileOrCredential } from '../config/credentials.ts';
import type { Settings } from '../config/settings.ts';
import { readUserFile } from '../files/read-file.ts';
import type { UpstreamSet } from '../forward/forwarder.ts';
import {
  readUpstreams,
  usesSystem,
  type WrittenUpstreams,
  withSystem,
} from '../forward/spec/upstream-set.ts';
import { TlsAuthorities } from '../forward/tls/authorities.ts';
import { canonicalAddress } from '../ip/address.ts';
import type { ListenSettings } from '../serve/served-address.ts';
import { machineAddresses } from '../system/interfaces.ts';
import { type Endpoint, whyOurs } from '../system/own-addresses.ts';
import type { NetworkResolvers } from '../workers/messages.ts';
import { ownEndpoints } from './own-endpoints.ts';
import { linkRoutes } from './upstreams/link-routes.ts';

/**
 * Whom to ask for ordinary names: those that are configured, where these include `system` the resolvers of the system as
 * they are now, and for the domains of links (VPNs) their resolvers. A route of the configuration counts before that of a
 * link for the same domain. A link that wants every name gets those that the system's resolvers would get.
 * @throws UpstreamSpecError for a text that is not an upstream.
 */
export function chooseUpstreams(
  { upstream, fallback }: Pick<Settings, 'upstream' | 'fallback'>,
  { servers, links }: NetworkResolvers,
): UpstreamSet {
  const written = writtenUpstreams({ upstream, fallback });
  const wantAll = links.filter(({ takesAll }) => takesAll).flatMap((link) => link.servers);
  const set = withSystem(written, wantAll.length > 0 ? wantAll : servers);
  return { ...set, routes: [...set.routes, ...linkRoutes(links, set.routes)] };
}

/** Bytes of a file of CA certificates; Mozilla's whole list has 220,000. */
const MAX_CA_FILE_LENGTH = 4_000_000;

/**
 * Whether the resolvers of the network are used, so that they must be followed.
 * @throws UpstreamSpecError for a text that is not an upstream.
 */
export function asksSystem(settings: Pick<Settings, 'upstream' | 'fallback'>): boolean {
  return usesSystem(writtenUpstreams(settings));
}

function writtenUpstreams({ upstream, fallback }: Pick<Settings, 'upstream' | 'fallback'>): WrittenUpstreams {
  return readUpstreams(upstream === 'system' ? ['system'] : upstream, fallback);
}

/**
 * The certificate authorities that are trusted for upstreams: the public ones, and those of a file, which may be a credential of
 * the service.
 * @throws TlsAuthoritiesError for a file that holds none, and FileError for one that cannot be read
 */
export async function upstreamAuthorities(
  { upstreamCa }: Pick<Settings, 'upstreamCa'>,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<TlsAuthorities> {
  if (upstreamCa === 'bundled') return TlsAuthorities.bundled;
  const { bytes } = await fileOrCredential(upstreamCa, environment, (place) =>
    readUserFile(place, { maxBytes: MAX_CA_FILE_LENGTH }),
  );
  return TlsAuthorities.parse(bytes.toString('utf8'));
}

/** Why an upstream at `endpoint` would be asking ourselves, as a clause; undefined when it would not. */
export function whyLoop(endpoint: Endpoint, listen: ListenSettings): string | undefined {
  return whyOurs(endpoint, ownEndpoints(listen), machineAddresses());
}

/** Whether an interface of this machine has this address, which is in its usual spelling. */
export function isMachineAddress(address: string): boolean {
  return machineAddresses().some((own) => canonicalAddress(own) === address);
}
