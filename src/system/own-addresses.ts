import { addressOctets, addressToText } from '../ip/address.ts';
import { ipv4FromText } from '../ip/text.ts';

/** A numeric address and a port. */
export interface Endpoint {
  readonly address: string;
  /** 1 to 65,535. */
  readonly port: number;
}

/** Addresses of systemd-resolved's stub, which sends on to us when we are the system's resolver. */
const RESOLVED_STUBS: ReadonlySet<string> = new Set(['127.0.0.53', '127.0.0.54']);

/**
 * Why asking a resolver at `endpoint` would come back to ourselves, as a clause about it ("is an address of ours");
 * undefined when it would not. `listening` is what we listen on, wildcards too; `machine` are the addresses of the
 * machine's interfaces, which matter only for a wildcard.
 */
export function whyOurs(
  endpoint: Endpoint,
  listening: readonly Endpoint[],
  machine: readonly string[],
): string | undefined {
  const address = plainAddress(endpoint.address);
  if (isResolvedStub(address)) return 'is the stub of systemd-resolved, which may send on to us';
  for (const own of listening) {
    if (own.port !== endpoint.port) continue;
    const ownAddress = plainAddress(own.address);
    if (address === ownAddress || (isUnspecified(address) && isLoopback(ownAddress)))
      return 'is an address of ours';
    if (!isUnspecified(ownAddress) || !coversFamily(ownAddress, address)) continue;
    const isMachine = machine.some((candidate) => plainAddress(candidate) === address);
    if (isMachine || isLoopback(address) || isUnspecified(address))
      return `is this machine, where we listen on every address`;
  }
  return undefined;
}

/** Whether an address is that of systemd-resolved's stub. */
export function isResolvedStub(address: string): boolean {
  return RESOLVED_STUBS.has(address);
}

/** The usual spelling, without a zone; an IPv4-mapped address as IPv4 (RFC 4291 §2.5.5.2). */
function plainAddress(text: string): string {
  const octets = addressOctets(text);
  return octets === undefined ? text : addressToText(octets);
}

function isUnspecified(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

/** 127.0.0.0/8 (RFC 1122 §3.2.1.3) and ::1. */
function isLoopback(address: string): boolean {
  return ipv4FromText(address)?.[0] === 127 || address === '::1';
}

/** `::` accepts IPv4 too on most systems; assuming so can only prevent a loop. */
function coversFamily(wildcard: string, address: string): boolean {
  return wildcard === '::' || !address.includes(':');
}
