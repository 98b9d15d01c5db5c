import type { UpstreamSet } from './forwarder.ts';
import { parseUpstreamEntry, type RouteSpec, type UpstreamSpec } from './upstream-spec.ts';

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
