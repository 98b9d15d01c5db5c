import { isIP } from 'node:net';

/** A host, an IPv4 address or a name, and a port, 1 to 65,535. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** `router.bittorrent.com:6881`. */
export function hostPortToText({ host, port }: HostPort): string {
  return `${host}:${port}`;
}

/** Parses `127.0.0.1:6881` and `router.bittorrent.com:6881`; undefined for anything else. */
export function parseHostPort(text: string): HostPort | undefined {
  const match = /^([^:[\]]+):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? '';
  const port = Number(match?.[2]);
  if (match === null || port < 1 || port > 65_535) return undefined;
  return isIP(host) === 4 || isHostName(host) ? { host, port } : undefined;
}

/** RFC 1123 §2.1: letters, digits and hyphens. A name whose last label is all digits is a mistyped address. */
function isHostName(text: string): boolean {
  const labels = text.replace(/\.$/, '').split('.');
  const last = labels.at(-1) ?? '';
  return (
    text.length <= 254 &&
    !/^\d+$/.test(last) &&
    labels.every((label) => /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/i.test(label))
  );
}
