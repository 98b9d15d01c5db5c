import { Name } from '../../dns/name.ts';
import type { RouteSpec } from '../../forward/spec/upstream-spec.ts';
import type { LinkState } from '../../system/links/link-state.ts';

/**
 * The routes that links ask for: names at and below their domains go to their resolvers. A domain that `configured` has a
 * route for is left out, and so is what is not a domain name.
 */
export function linkRoutes(
  links: readonly LinkState[],
  configured: readonly RouteSpec[],
): readonly RouteSpec[] {
  const taken = new Set(configured.flatMap(({ domains }) => domains.map(({ key }) => key)));
  return links.flatMap(({ link, domains: texts, servers }) => {
    const [first, ...others] = texts
      .flatMap((text) => Name.tryParse(text) ?? [])
      .filter(({ key }) => !taken.has(key));
    if (first === undefined) return [];
    return servers.map(
      ({ address, port }): RouteSpec => ({
        domains: [first, ...others],
        upstream: { kind: 'udp', address, port },
        link,
      }),
    );
  });
}
