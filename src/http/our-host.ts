import type { ListenAddress } from '../config/listen-address.ts';
import { canonicalAddress } from '../ip/address.ts';

/** RFC 9110 §7.2: `uri-host [ ":" port ]`; an IPv6 address stands in brackets. */
const HOST = /^(?:\[([0-9a-f:.]{2,45})\]|([a-z0-9._-]{1,254}))(?::\d{1,5})?$/i;

/**
 * Whether a `Host` names this server: `localhost`, or an address that it listens on. The port does not count, since clients leave
 * it out and tunnels change it; nor does case, or a final dot.
 */
export function isOurHost(host: string | undefined, addresses: readonly ListenAddress[]): boolean {
  const match = host === undefined ? null : HOST.exec(host);
  if (match === null) return false;
  const [, inBrackets, plain = ''] = match;
  const name = plain.toLowerCase().replace(/\.$/, '');
  if (name === 'localhost') return true;
  const address = canonicalAddress(inBrackets ?? name);
  return address !== undefined && addresses.some((one) => canonicalAddress(one.host) === address);
}
