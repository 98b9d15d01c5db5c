import { Name } from '../../dns/name.ts';
import type { UpstreamSet } from '../forwarder.ts';
import {
  parseUpstreamEntry,
  type RouteSpec,
  specToText,
  type UpstreamSpec,
  UpstreamSpecError,
} from './upstream-spec.ts';

/**
 * The upstreams and routes that people wrote, one text for each.
 * @throws UpstreamSpecError for the first that is none.
 */
export function readUpstreamSet(
  texts: readonly string[],
  fallbackTexts: readonly string[] = [],
): UpstreamSet {
  const upstreams: UpstreamSpec[] = [];
  const fallback: UpstreamSpec[] = [];
  const routes: RouteSpec[] = [];
  const sort = (into: UpstreamSpec[]) => (text: string) => {
    const entry = parseUpstreamEntry(text);
    if (entry.kind === 'route') routes.push(entry.route);
    else into.push(entry.upstream);
  };
  texts.forEach(sort(upstreams));
  fallbackTexts.forEach(sort(fallback));
  return { upstreams, fallback, routes };
}

/**
 * Upstreams that are known by name alone are looked up through those of the set that have an address: through those
 * that have a route for the name, else through those for all names.
 * @throws UpstreamSpecError for the first that nobody of the set could look up.
 */
export function refuseUnfindable({ upstreams, fallback, routes }: UpstreamSet): void {
  if ([...upstreams, ...fallback].some(({ address }) => address !== undefined)) return;
  const routed = routes.filter(({ upstream }) => upstream !== 'default' && upstream.address !== undefined);
  const domains = routed.flatMap((route) => route.domains);
  const targets = routes.flatMap(({ upstream }) => (upstream === 'default' ? [] : [upstream]));
  for (const spec of [...upstreams, ...fallback, ...targets]) {
    // Plain ones have an address always.
    if (spec.address !== undefined || spec.kind === 'udp' || spec.kind === 'tcp') continue;
    const host = Name.parse(spec.host ?? '');
    if (domains.some((domain) => host.isWithin(domain))) continue;
    throw new UpstreamSpecError(
      `"${specToText(spec)}" is known by name, and no upstream with an address is there to look it up; ` +
        `write its address (${specToText({ ...spec, address: '192.0.2.1' })}), or name another upstream by address`,
    );
  }
}
