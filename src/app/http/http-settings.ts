import type { Petname } from '../../config/petnames.ts';
import type { Settings } from '../../config/settings.ts';
import type { HttpSettings } from '../../http/http-side.ts';
import { classifyLabel } from '../../pkarr/public-key.ts';
import type { Certificate } from '../../serve/certificate/certificate.ts';
import type { BoundSockets } from '../../system/activation/bound-sockets.ts';
import { accessPrefixes } from '../client-limits.ts';

/** What of the settings concerns the HTTP side, with the sockets that were handed over for it. */
export function httpSettings(
  settings: Settings,
  given: BoundSockets,
  certificate: Certificate | undefined,
  petnames: readonly Petname[],
): HttpSettings {
  const { http, httpTls, https, httpNames, httpProxies, relayOrigins, gatewayPrivate } = settings;
  const addresses = http === 'off' ? [] : http;
  return {
    sockets: [
      ...addresses.map((address) => ({
        address,
        descriptor: given.find('tcp', address.host, address.port),
      })),
      ...httpTls.map((address) => ({ address, isSecure: true })),
    ],
    handed: given.of('http').map(({ host, port, descriptor }) => ({ address: { host, port }, descriptor })),
    thread: {
      // One that is not a point of the curve has no packet, and so no site.
      privateKeys: gatewayPrivate.filter((text) => classifyLabel(text).kind === 'key'),
      petnames,
      names: httpNames.map((name) => name.toString().replace(/\.$/, '').toLowerCase()),
      relayOrigins,
      proxies: httpProxies,
      ...(httpTls.length > 0 && { certificate }),
      // The networks of its own addresses are those of clients too.
      allowFrom: accessPrefixes({ ...settings, https: [...https, ...httpTls] }),
    },
  };
}
