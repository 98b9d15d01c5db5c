import type { Settings } from '../config/settings.ts';
import type { Name } from '../dns/name.ts';
import type { Forwarder } from '../forward/forwarder.ts';
import type { Layer, Resolver } from '../resolve/query.ts';
import { rebindingProtection } from '../resolve/rebinding.ts';
import type { CaptivePortal } from '../resolve/special/captive-portal.ts';
import { type HostsSource, hostsLayer } from '../resolve/special/hosts.ts';
import { specialUse } from '../resolve/special/special-use.ts';
import { keepStrayKeys, type SearchDomains } from '../resolve/special/stray-keys.ts';
import { withInternal } from '../resolve/special/suffix.ts';

/** What the layers need of the rest of the program. */
export interface OrdinaryLayersParts {
  readonly searchDomains: SearchDomains;
  /** The hosts file, if there is one. */
  readonly hosts: HostsSource | undefined;
  /** What looks for captive portals, if it is on. */
  readonly portal: CaptivePortal | undefined;
}

/**
 * The layers between the router and the upstreams: the hosts file, names that never leave the machine, and a check of the
 * answers. A layer that is off is left out.
 */
export function ordinaryLayers(
  settings: Pick<Settings, 'rebindingProtection' | 'rebindingAllow' | 'negativeTtl' | 'suffix'>,
  forwarder: Forwarder,
  { searchDomains, hosts, portal }: OrdinaryLayersParts,
): Layer {
  const hasRoute = (name: Name) => forwarder.hasRoute(name);
  const { negativeTtl } = settings;
  const suffixes = withInternal(settings.suffix);
  const layers: Layer[] = [
    keepStrayKeys({ searchDomains, suffixes, hasRoute, negativeTtl }),
    specialUse({ hasRoute }),
  ];
  // A portal leads to an address of its own network, which rebinding protection would take away.
  if (portal !== undefined) layers.unshift(portal.layer);
  if (hosts !== undefined) layers.unshift(hostsLayer(hosts));
  if (settings.rebindingProtection) {
    layers.push(rebindingProtection({ allowed: settings.rebindingAllow, hasRoute }));
  }
  return (innermost: Resolver) => layers.reduceRight((inner, layer) => layer(inner), innermost);
}
