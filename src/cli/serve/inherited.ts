import { listenWithInherited } from '../../app/inherited-listen.ts';
import { type ListenAddress, listenAddressToText } from '../../config/listen-address.ts';
import type { LoadedSettings } from '../../config/load-settings.ts';
import { defaultHttp, type Settings } from '../../config/settings.ts';
import { type Log, silentLog } from '../../observe/log.ts';
import { BoundSockets } from '../../system/activation/bound-sockets.ts';
import type { Inheritance } from '../../system/activation/inheritance.ts';
import type { SocketPurpose } from '../../system/activation/socket-purpose.ts';
import { openResolverWarnings } from '../open-resolver.ts';

/** What is served at a socket with a name of its own. */
const protocols: Readonly<Record<Exclude<SocketPurpose, 'dns' | 'http'>, string>> = {
  dot: 'DNS over TLS',
  doh: 'DNS over HTTPS',
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
    if (purpose === 'dns' || purpose === 'http') continue;
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
  const forHttp = sockets.filter(({ purpose, protocol }) => purpose === 'http' && protocol === 'tcp');
  return {
    settings: { ...settings, listen, http: httpWithInherited(settings.http, forHttp) },
    given: new BoundSockets([...forDns, ...forHttp]),
  };
}

/** Where key sites are opened: at the sockets that were handed over for it, and where the setting says if it names others. */
function httpWithInherited(http: Settings['http'], given: readonly ListenAddress[]): Settings['http'] {
  if (http === 'off' || given.length === 0) return http;
  const addresses = given.map(({ host, port }) => ({ host, port }));
  const texts = new Set(addresses.map(listenAddressToText));
  const others =
    http === defaultHttp ? [] : http.filter((address) => !texts.has(listenAddressToText(address)));
  return [...others, ...addresses];
}
