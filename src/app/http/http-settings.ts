import type { Settings } from '../../config/settings.ts';
import type { HttpSettings } from '../../http/http-side.ts';
import { classifyLabel } from '../../pkarr/public-key.ts';
import type { BoundSockets } from '../../system/activation/bound-sockets.ts';

/** What of the settings concerns the HTTP side, with the sockets that were handed over for it. */
export function httpSettings(
  { http, gatewayPrivate }: Pick<Settings, 'http' | 'gatewayPrivate'>,
  given: BoundSockets,
): HttpSettings {
  const addresses = http === 'off' ? [] : http;
  return {
    sockets: addresses.map((address) => ({
      address,
      descriptor: given.find('tcp', address.host, address.port),
    })),
    // One that is not a point of the curve has no packet, and so no site.
    privateKeys: gatewayPrivate.flatMap((text) => {
      const label = classifyLabel(text);
      return label.kind === 'key' ? [label.key] : [];
    }),
  };
}
