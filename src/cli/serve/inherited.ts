import { listenWithInherited } from '../../app/inherited-listen.ts';
import { listenAddressToText } from '../../config/listen-address.ts';
import type { LoadedSettings } from '../../config/load-settings.ts';
import type { Settings } from '../../config/settings.ts';
import { type Log, silentLog } from '../../observe/log.ts';
import { BoundSockets } from '../../system/activation/bound-sockets.ts';
import type { Inheritance } from '../../system/activation/inheritance.ts';
import type { SocketPurpose } from '../../system/activation/socket-purpose.ts';
import { openResolverWarnings } from '../open-resolver.ts';

/** What is served at a socket with a name of its own. */
const protocols: Readonly<Record<Exclude<SocketPurpose, 'dns'>, string>> = {
  dot: 'DNS over TLS',
  doh: 'DNS over HTTPS',
  http: 'HTTP',
};

/** The configuration with the warnings that hold only where sockets were handed over: an open resolver at one of them. */
export function judgeInherited(loaded: LoadedSettings, inheritance: Inheritance): LoadedSettings {
  const { settings } = withInherited(loaded.settings, inheritance, silentLog);
  const known = new Set(loaded.warnings.map(({ message }) => message));
  const more = openResolverWarnings({ ...loaded, settings }).filter(({ message }) => !known.has(message));
  return { ...loaded, warnings: [...loaded.warnings, ...more] };
}

/** The settings, which also listen where sockets were handed over, and those sockets. Logs what of them is not as expected. */
export function withInherited(
  settings: Settings,
  { sockets, unusable }: Inheritance,
  log: Log,
): { readonly settings: Settings; readonly given: BoundSockets } {
  const forDns = sockets.filter(({ purpose }) => purpose === 'dns');
  const { listen, unnamed } = listenWithInherited(settings.listen, forDns);
  for (const address of unnamed) {
    log.info('Listening on a socket that the service manager handed over and no setting names.', {
      address: listenAddressToText(address),
    });
  }
  for (const { purpose, name, ...address } of sockets) {
    if (purpose === 'dns') continue;
    log.warn(`A socket is for ${protocols[purpose]}, which this version does not serve; it is not used.`, {
      address: listenAddressToText(address),
      name,
    });
  }
  for (const { descriptor, name, why } of unusable) {
    log.warn('A descriptor that the service manager handed over cannot be used.', {
      descriptor,
      name,
      reason: `it ${why}`,
    });
  }
  return { settings: { ...settings, listen }, given: new BoundSockets(forDns) };
}
