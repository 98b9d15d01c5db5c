import { Type } from '../../dns/codes.ts';
import type { Name } from '../../dns/name.ts';
import { addressToText } from '../../ip/address.ts';
import { classifyLabel, type PublicKey } from '../../pkarr/public-key.ts';
import { GatewayFailure } from '../failure/failure.ts';
import { MAX_ADDRESSES, MAX_SERVICES } from '../limits.ts';
import type { OpenedSite } from '../site-host.ts';
import { lastKey, noTrail, type PacketWalk, type Place, type Trail } from './packet-walk.ts';
import type { SeenPackets } from './seen-packets.ts';
import { readService, type Service } from './service.ts';

/** Ports of sites whose records name none. */
export interface DefaultPorts {
  readonly http: number;
  readonly https: number;
}

/** RFC 9110 §4.2.1 and §4.2.2. */
export const defaultPorts: DefaultPorts = { http: 80, https: 443 };

/** What planning depends on beside packets. */
export interface PlanParts {
  readonly seen: SeenPackets;
  /** From 0 up to, not including, 1: orders records of one priority (RFC 9460 §2.4.1). */
  readonly random: () => number;
  readonly ports: DefaultPorts;
}

/** A server that a site may be on, before its addresses are looked up. */
export interface Candidate {
  readonly name: Name;
  readonly port: number;
  /** How the chain came to `name`. */
  readonly trail: Trail;
  /** Addresses beside those of the name (RFC 9460 §7.3). */
  readonly hints: readonly string[];
}

/** How a site is fetched. */
export interface SitePlan {
  /** `verified`: over TLS, from a server that has the key. `plain`: in the clear, from whoever answers. */
  readonly kind: 'verified' | 'plain';
  /** To be tried in this order; at least one. */
  readonly candidates: readonly Candidate[];
  /** Equal for equal plans: connections of one plan serve the same requests. */
  readonly id: string;
}

/** A server of a site, with where it is. */
export interface Endpoint {
  /** The key of the last packet in the chain of signed aliases: the key that the server must have. */
  readonly key: PublicKey;
  /** Every key on the way, the opened one first. */
  readonly keys: readonly PublicKey[];
  readonly port: number;
  /** Up to 8; may be empty. */
  readonly addresses: readonly string[];
}

/**
 * How to fetch a site, from signed packets alone.
 * @throws GatewayFailure, and the reason of the walk's signal.
 */
export async function planSite(
  site: OpenedSite,
  walk: PacketWalk,
  { seen, random, ports }: PlanParts,
): Promise<SitePlan> {
  let place = await walk.follow(site.name, Type.HTTPS, noTrail);
  if (place.kind !== 'records') {
    if (seen.isOlder(place.trail.packets)) throw new GatewayFailure('clear-refused');
    const start = { name: site.name, port: ports.http, trail: noTrail, hints: [] };
    return plan('plain', site, [start], place.trail);
  }
  for (;;) {
    seen.note(place.trail.packets);
    // §9.5: an HTTPS record says that the site is reached over HTTPS, also an AliasMode record that leads to none. §3: then
    // "the final value of $QNAME, the authority endpoint's port number, and no SvcParams" are an endpoint.
    const last = { name: place.name, port: ports.https, trail: place.trail, hints: [] };
    if (place.kind !== 'records') return plan('verified', site, [last], place.trail);
    const services = place.records.map((record) => readService(record, ports.https));
    const alias = chosenAlias(services, random);
    if (alias === undefined) {
      const candidates = candidatesOf(services, place, walk, random);
      if (candidates.length === 0) throw new GatewayFailure('not-compatible');
      return plan('verified', site, candidates, place.trail);
    }
    // §2.5.1: in AliasMode, "." "indicates that the service is not available or does not exist".
    if (alias.target.isRoot) throw new GatewayFailure('not-offered');
    place = await walk.follow(alias.target, Type.HTTPS, walk.stepped(place.trail));
  }
}

/** Looks up the addresses of a server. @throws GatewayFailure, and the reason of the walk's signal. */
export async function endpointOf(candidate: Candidate, walk: PacketWalk): Promise<Endpoint> {
  const { name, trail, port, hints } = candidate;
  try {
    const found = await addressesOf(name, trail, walk);
    return endpoint(found.trail, port, [...found.addresses, ...hints]);
  } catch (error) {
    // What was wrong with the lookup of a target does not matter while a signed record says where it is.
    if (!(error instanceof GatewayFailure) || hints.length === 0) throw error;
    const target = classifyLabel(name.labels.at(-1) ?? '');
    return endpoint(trail, port, hints, target.kind === 'key' ? target.key : undefined);
  }
}

/** @param target the key that the last alias names, when it is not that of the last packet. */
function endpoint(trail: Trail, port: number, addresses: readonly string[], target?: PublicKey): Endpoint {
  const key = target ?? lastKey(trail);
  const keys = [...trail.packets.map((packet) => packet.key), ...(target === undefined ? [] : [target])];
  if (key === undefined) throw new GatewayFailure('no-address');
  return { key, keys, port, addresses: [...new Set(addresses)].slice(0, MAX_ADDRESSES) };
}

/**
 * §2.4.1: "If an RRset contains a record in AliasMode, the recipient MUST ignore any ServiceMode records in the set", and
 * §2.4.2: of several, "clients ... SHOULD pick one at random".
 */
function chosenAlias(services: readonly Service[], random: () => number): Service | undefined {
  const aliases = services.filter(({ priority }) => priority === 0);
  return aliases[Math.floor(random() * aliases.length)];
}

/** §2.4.1: by priority, and those of one priority "in random order". */
function candidatesOf(
  services: readonly Service[],
  { name, trail }: Place,
  walk: PacketWalk,
  random: () => number,
): readonly Candidate[] {
  return services
    .filter(({ isCompatible }) => isCompatible)
    .map((service) => ({ service, lot: random() }))
    .sort((one, other) => one.service.priority - other.service.priority || one.lot - other.lot)
    .slice(0, MAX_SERVICES)
    .map(({ service: { target, port, hints } }) =>
      // §2.5.2: in ServiceMode "." stands for "the owner name of this record".
      target.isRoot || target.equals(name)
        ? { name, port, trail, hints }
        : { name: target, port, trail: walk.stepped(trail), hints },
    );
}

async function addressesOf(
  name: Name,
  trail: Trail,
  walk: PacketWalk,
): Promise<{ readonly trail: Trail; readonly addresses: readonly string[] }> {
  const [ipv6, ipv4] = [await walk.follow(name, Type.AAAA, trail), await walk.follow(name, Type.A, trail)];
  // Aliases are the same for both types.
  if (ipv4.kind === 'outside') return { trail: ipv4.trail, addresses: await walk.outside(ipv4.name) };
  const addresses = [ipv6, ipv4].flatMap((place) =>
    place.kind === 'records' ? place.records.map(({ rdata }) => addressToText(rdata)) : [],
  );
  return { trail: ipv4.trail, addresses };
}

/** @param trail the packets by which the plan was made. */
function plan(
  kind: SitePlan['kind'],
  { host }: OpenedSite,
  candidates: readonly Candidate[],
  trail: Trail,
): SitePlan {
  const packets = trail.packets.map(({ key, timestamp }) => `${key} ${timestamp}`);
  const servers = candidates.map(({ name, port }) => `${name} ${port}`).sort();
  return { kind, candidates, id: [kind, host, ...packets, ...servers].join('\n') };
}
