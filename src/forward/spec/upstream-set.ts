import { Name } from '../../dns/name.ts';
import type { UpstreamSet } from '../forwarder.ts';
import { refusal, UpstreamSpecError } from './spec-error.ts';
import { parseUpstreamEntry, type RouteSpec, specToText, type UpstreamSpec } from './upstream-spec.ts';

/** The entry for the resolvers that the network provides. */
const SYSTEM = 'system';

/** The configured upstreams and routes. */
export interface WrittenUpstreams {
  /** In order; `system` stands for the resolvers that the network provides. */
  readonly upstreams: readonly (UpstreamSpec | typeof SYSTEM)[];
  readonly fallback: readonly UpstreamSpec[];
  readonly routes: readonly RouteSpec[];
}

/**
 * Parses upstreams and routes. With routes alone, all other names go to the resolvers that the network provides.
 * @throws UpstreamSpecError for the first that is invalid.
 */
export function readUpstreams(
  texts: readonly string[],
  fallbackTexts: readonly string[] = [],
): WrittenUpstreams {
  const upstreams: (UpstreamSpec | typeof SYSTEM)[] = [];
  const routes: RouteSpec[] = [];
  for (const text of texts) {
    if (text.trim() === SYSTEM) {
      upstreams.push(SYSTEM);
      continue;
    }
    const entry = parseUpstreamEntry(text);
    if (entry.kind === 'route') routes.push(entry.route);
    else upstreams.push(entry.upstream);
  }
  if (upstreams.length === 0 && routes.length > 0) upstreams.push(SYSTEM);
  return { upstreams, fallback: fallbackTexts.map(parseFallback), routes };
}

/** Whether the resolvers that the network provides are among them. */
export function usesSystem({ upstreams }: WrittenUpstreams): boolean {
  return upstreams.includes(SYSTEM);
}

/** Replaces `system` by the resolvers that the network provides, asked over UDP. */
export function withSystem(
  { upstreams, ...rest }: WrittenUpstreams,
  servers: readonly { readonly address: string; readonly port: number }[],
): UpstreamSet {
  const given = servers.map(({ address, port }): UpstreamSpec => ({ kind: 'udp', address, port }));
  return { ...rest, upstreams: upstreams.flatMap((spec) => (spec === SYSTEM ? given : [spec])) };
}

/**
 * Upstreams that are configured by host name are looked up through those with an address: those with a route for the name, or
 * else those for all names.
 * @throws UpstreamSpecError for the first that nobody of the set could look up.
 */
export function refuseUnfindable({ upstreams, fallback, routes }: WrittenUpstreams): void {
  const isNumeric = (spec: UpstreamSpec | typeof SYSTEM) => spec === SYSTEM || spec.address !== undefined;
  if ([...upstreams, ...fallback].some(isNumeric)) return;
  const routed = routes.filter(({ upstream }) => upstream !== 'default' && isNumeric(upstream));
  const domains = routed.flatMap((route) => route.domains);
  const targets = routes.flatMap(({ upstream }) => (upstream === 'default' ? [] : [upstream]));
  for (const spec of [...upstreams, ...fallback, ...targets]) {
    // UDP and TCP upstreams always have an address.
    if (spec === SYSTEM || spec.address !== undefined || spec.kind === 'udp' || spec.kind === 'tcp') continue;
    const host = Name.parse(spec.host ?? '');
    if (domains.some((domain) => host.isWithin(domain))) continue;
    throw new UpstreamSpecError(
      `"${specToText(spec)}" is known only by name, and no upstream has an address to look it up with; ` +
        `write its address (${specToText({ ...spec, address: '192.0.2.1' })}), or add an upstream with an address`,
    );
  }
}

function parseFallback(text: string): UpstreamSpec {
  const entry = text.trim() === SYSTEM ? undefined : parseUpstreamEntry(text);
  if (entry?.kind === 'upstream') return entry.upstream;
  const what = entry === undefined ? 'the resolvers of the network' : 'a route';
  throw refusal(text, `${what} cannot be a fallback`, 'write it in upstream');
}
