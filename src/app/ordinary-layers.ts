import type { Settings } from '../config/settings.ts';
import type { Name } from '../dns/name.ts';
import type { Forwarder } from '../forward/forwarder.ts';
import type { Log } from '../observe/log.ts';
import type { Layer, Resolver } from '../resolve/query.ts';
import { rebindingProtection } from '../resolve/rebinding.ts';
import { hostsLayer } from '../resolve/special/hosts.ts';
import { HostsFile } from '../resolve/special/hosts-file.ts';
import { specialUse } from '../resolve/special/special-use.ts';
import { keepStrayKeys, type SearchDomains } from '../resolve/special/stray-keys.ts';

/** Problems of a hosts file that are told one by one; the rest by number. */
const MAX_TOLD = 10;

/** What the layers need of the rest of the program. */
export interface OrdinaryLayersParts {
  readonly searchDomains: SearchDomains;
  readonly now: () => number;
  readonly log: Log;
}

/**
 * What stands between the router and the upstreams: names that never leave the machine, with a hosts file before
 * them, and a check of what comes back. What is off is not there.
 */
export async function ordinaryLayers(
  settings: Pick<Settings, 'hosts' | 'rebindingProtection' | 'rebindingAllow' | 'negativeTtl'>,
  forwarder: Forwarder,
  { searchDomains, now, log }: OrdinaryLayersParts,
): Promise<Layer> {
  const hasRoute = (name: Name) => forwarder.hasRoute(name);
  const { negativeTtl } = settings;
  const layers: Layer[] = [keepStrayKeys({ searchDomains, negativeTtl }), specialUse({ hasRoute })];
  if (settings.hosts !== 'off') layers.unshift(hostsLayer(await openHosts(settings.hosts, now, log)));
  if (settings.rebindingProtection) {
    layers.push(rebindingProtection({ allowed: settings.rebindingAllow, hasRoute }));
  }
  return (innermost: Resolver) => layers.reduceRight((inner, layer) => layer(inner), innermost);
}

async function openHosts(path: string, now: () => number, log: Log): Promise<HostsFile> {
  const hosts = new HostsFile({
    path,
    now,
    onRead({ names, problems, failure }) {
      if (failure !== undefined) log.warn('The hosts file cannot be read.', { path, reason: failure });
      else log.info('The hosts file was read.', { path, names });
      for (const { line, message } of problems.slice(0, MAX_TOLD)) log.warn(`${path}:${line}: ${message}`);
      if (problems.length > MAX_TOLD)
        log.warn(`${path}: ${problems.length - MAX_TOLD} more lines are skipped.`);
    },
  });
  await hosts.look();
  return hosts;
}
