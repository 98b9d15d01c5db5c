import type { Calls } from '../../http/calls/calls.ts';
import { gatewayCalls } from '../../http/calls/gateway-calls.ts';
import type { PacketReader } from '../../resolve/packet-reader.ts';
import type { Resolver } from '../../resolve/query.ts';
import { gatewayLookups } from './gateway-lookups.ts';

/** What the calls of the HTTP side are answered from. */
export interface MainCallsParts {
  readonly packetReader: PacketReader;
  readonly router: Resolver;
}

/** Answers what the thread of the HTTP side asks: one function for each entry of the table. */
export function mainCalls(parts: MainCallsParts): Calls {
  return { ...gatewayCalls(gatewayLookups(parts)) };
}
