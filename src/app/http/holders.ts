import { parseListenAddress } from '../../config/listen-address.ts';
import type { HttpStatus } from '../../http/http-status.ts';
import { findPortHolders, type PortHolder } from '../../system/activation/port-holder.ts';

/**
 * Who has the address that the HTTP side cannot have, for a command of root: a service is not shown the processes of others, and so
 * cannot tell.
 */
export function holdersOf({
  address,
  holders,
}: Extract<HttpStatus, { readonly state: 'refused' }>): readonly PortHolder[] {
  const place = parseListenAddress(address, 0);
  return holders.length > 0 || place === undefined ? holders : findPortHolders('tcp', place);
}
