import { isIP, isIPv6 } from 'node:net';

/** An address to listen on: a numeric IP address and a port, 0 to 65,535. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** `127.0.0.1:53`, `[::1]:53`. */
export function listenAddressToText({ host, port }: ListenAddress): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * Parses `127.0.0.1`, `127.0.0.1:5300`, `::1`, `[::1]:5300`; without a port, `defaultPort` is used. Undefined for
 * anything else, host names included.
 */
export function parseListenAddress(text: string, defaultPort: number): ListenAddress | undefined {
  if (isIP(text) !== 0) return { host: text, port: defaultPort };
  const match = /^(?:\[(.+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined || isIP(host) !== (match?.[1] === undefined ? 4 : 6)) return undefined;
  const port = match?.[3] === undefined ? defaultPort : Number(match[3]);
  return port > 65_535 ? undefined : { host, port };
}
