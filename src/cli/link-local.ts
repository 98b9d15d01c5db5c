import type { ConfigProblem } from '../config/config-error.ts';
import type { LoadedSettings } from '../config/load-settings.ts';
import { readUpstreams } from '../forward/spec/upstream-set.ts';
import type { UpstreamSpec } from '../forward/spec/upstream-spec.ts';
import { listenKeys } from '../serve/served-address.ts';
import { machineInterfaceNames } from '../system/interfaces.ts';
import type { InterfaceNames } from '../system/resolv-conf.ts';

/**
 * Warns of addresses whose interface is not there (RFC 4007 §11.2: `fe80::1%eth0`). It may come later, so it is no error;
 * until then nobody can be asked there.
 */
export function linkLocalWarnings(
  { settings, origins }: Pick<LoadedSettings, 'settings' | 'origins'>,
  interfaces: InterfaceNames = machineInterfaceNames(),
): readonly ConfigProblem[] {
  const { upstream, fallback } = settings;
  const written = readUpstreams(upstream === 'system' ? [] : upstream, fallback);
  const routed = written.routes.map((route) => route.upstream);
  return [
    ...[...written.upstreams, ...routed].flatMap((spec) =>
      warn(addressOf(spec), origins.upstream, interfaces),
    ),
    ...written.fallback.flatMap((spec) => warn(addressOf(spec), origins.fallback, interfaces)),
    ...listenKeys.flatMap((key) => {
      const addresses = settings[key];
      if (addresses === 'default') return [];
      return addresses.flatMap(({ host }) => warn(host, origins[key], interfaces));
    }),
  ];
}

function addressOf(spec: UpstreamSpec | 'system' | 'default'): string | undefined {
  return typeof spec === 'string' ? undefined : spec.address;
}

function warn(
  address: string | undefined,
  where: string,
  interfaces: InterfaceNames,
): readonly ConfigProblem[] {
  const [, zone] = /%(.+)$/.exec(address ?? '') ?? [];
  if (address === undefined || zone === undefined) return [];
  const name = /^\d+$/.test(zone) ? interfaces.nameOf(Number(zone)) : zone;
  if (name !== undefined && interfaces.has(name)) return [];
  return [{ where, message: `${address} is on the interface ${zone}, which is not there or not up.` }];
}
