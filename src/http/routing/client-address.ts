import type { IncomingMessage } from 'node:http';
import { canonicalAddress } from '../../ip/address.ts';

/** A client that cannot be told: it is in no access list, and all such share one limit. */
const UNKNOWN = '';

/** Addresses in `X-Forwarded-For` that are looked at; more proxies in a row nobody has. */
const MAX_HOPS = 8;

/**
 * The address of the client. A proxy of `http-proxies` is believed what it says in `X-Forwarded-For`, to which each proxy adds whom it
 * was asked by: the last address that is none of a proxy is the client. Of anybody else such a header means that it is a proxy that
 * nobody told us of, and then its own address, which may be of this machine, says nothing about the client.
 */
export function clientAddress(
  { socket, headers }: Pick<IncomingMessage, 'socket' | 'headers'>,
  isProxy: (address: string) => boolean,
): string {
  const { 'x-forwarded-for': forwardedFor, forwarded } = headers;
  const peer = socket.remoteAddress ?? UNKNOWN;
  if (forwardedFor === undefined && forwarded === undefined) return peer;
  if (forwardedFor === undefined || !isProxy(peer)) return UNKNOWN;
  const hops = String(forwardedFor).split(',').slice(-MAX_HOPS).reverse();
  for (const hop of hops) {
    const address = canonicalAddress(hop.trim());
    if (address === undefined) return UNKNOWN;
    if (!isProxy(address)) return address;
  }
  return UNKNOWN;
}
