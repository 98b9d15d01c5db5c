import { listenWithInherited } from '../../app/inherited-listen.ts';
import { type ListenAddress, listenAddressToText } from '../../config/listen-address.ts';
import type { LoadedSettings } from '../../config/load-settings.ts';
import type { Settings } from '../../config/settings.ts';
import { defaultHttp } from '../../config/table/browsers.ts';
import { canonicalAddress } from '../../ip/address.ts';
import { type Log, silentLog } from '../../observe/log.ts';
import { BoundSockets } from '../../system/activation/bound-sockets.ts';
import type { Inheritance, InheritedSocket } from '../../system/activation/inheritance.ts';
import type { SocketPurpose } from '../../system/activation/socket-purpose.ts';
import { openResolverWarnings } from '../open-resolver.ts';

/** What is served at a socket with a name of its own. */
const protocols: Readonly<Record<SocketPurpose, string>> = {
  dns: 'DNS',
  http: 'HTTP',
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

/** The settings and what was handed over, together. */
export interface WithInherited {
  /** They also listen where sockets were handed over. */
  readonly settings: Settings;
  /** The sockets that are of use now or when the settings change. */
  readonly given: BoundSockets;
  /** TCP sockets of no use: nobody is going to accept what connects there. */
  readonly useless: readonly InheritedSocket[];
}

/** Finds out what is listened on when these sockets were handed over. Logs what of them is not as expected. */
export function withInherited(
  settings: Settings,
  { sockets, unusable }: Inheritance,
  log: Log,
): WithInherited {
  const hasCertificate = settings.certificate !== 'none';
  const of = (wanted: SocketPurpose) => sockets.filter(({ purpose }) => purpose === wanted);
  const dns = listenWithInherited(settings.listen, of('dns'));
  const tls = listenWithInherited(settings.tlsListen, hasCertificate ? of('dot') : []);
  const https = listenWithInherited(
    settings.https,
    hasCertificate ? of('doh').filter((socket) => !isPlain(socket, settings)) : [],
  );
  for (const address of [...dns.unnamed, ...tls.unnamed, ...https.unnamed]) {
    log.info('Listening on a socket that the service manager handed over and no setting names.', {
      address: listenAddressToText(address),
    });
  }
  for (const { purpose, name, ...address } of sockets) {
    const why = whyUnused({ purpose, ...address }, settings);
    if (why === undefined) continue;
    const what = address.protocol === 'tcp' ? 'who connects there is disconnected at once' : 'it is not used';
    log.warn(`A socket is for ${protocols[purpose]}, ${why}; ${what}.`, {
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
  const used = sockets.filter((socket) => whyUnused(socket, settings) === undefined);
  const http = httpWithInherited(
    settings.http,
    used.filter(({ purpose }) => purpose === 'http'),
  );
  // Those for HTTP are wanted when it is turned on again.
  const kept = sockets.filter((socket) => used.includes(socket) || isForHttp(socket));
  return {
    settings: { ...settings, listen: dns.listen, tlsListen: tls.listen, https: https.listen, http },
    given: new BoundSockets(kept),
    useless: sockets.filter((socket) => socket.protocol === 'tcp' && !kept.includes(socket)),
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

/** Whether DNS over HTTPS is to be answered without TLS at this socket. */
function isPlain({ host, port }: ListenAddress, { httpsPlain }: Settings): boolean {
  const same = (address: ListenAddress) =>
    address.port === port && canonicalAddress(address.host) === canonicalAddress(host);
  return httpsPlain.some(same);
}

/** Why a socket is of no use, as a clause. */
function whyUnused(socket: UsefulSocket, settings: Settings): string | undefined {
  switch (socket.purpose) {
    case 'dns':
      return undefined;
    case 'dot':
    case 'doh':
      return settings.certificate !== 'none' || (socket.purpose === 'doh' && isPlain(socket, settings))
        ? undefined
        : 'which needs the settings certificate and certificate-key (pkarrd certificate --out DIR makes one)';
    case 'http':
      if (!isForHttp(socket)) return 'which goes over TCP';
      return settings.http === 'off'
        ? 'which the setting http turns off (systemctl disable --now pkarrd-http.socket closes it)'
        : undefined;
  }
}

function isForHttp({ purpose, protocol }: Pick<InheritedSocket, 'purpose' | 'protocol'>): boolean {
  return purpose === 'http' && protocol === 'tcp';
}

/** What tells whether a socket is of use. */
type UsefulSocket = Pick<InheritedSocket, 'purpose' | 'protocol' | 'host' | 'port'>;
