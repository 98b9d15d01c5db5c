/** What a question came over, as a number, for what is counted by it. LOCAL is a socket of ours for programs of this machine. */
export const Protocol = { UDP: 0, TCP: 1, TLS: 2, HTTPS: 3, LOCAL: 4 } as const;

/** One of `Protocol`. */
export type Protocol = (typeof Protocol)[keyof typeof Protocol];

/** The protocols as people read them, by their number. */
export const protocolNames = ['udp', 'tcp', 'tls', 'https', 'local'] as const;

/** Whether the client's address is sure, and a reply may have any size. */
export function isStream(protocol: Protocol): boolean {
  return protocol !== Protocol.UDP;
}

/** Whether nobody on the way can read a reply, so that its length is worth hiding: DNS over TLS or HTTPS. */
export function isEncrypted(protocol: Protocol): boolean {
  return protocol === Protocol.TLS || protocol === Protocol.HTTPS;
}
