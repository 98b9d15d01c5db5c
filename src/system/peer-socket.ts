/** A UDP socket for one question to one peer, on a local port of its own. */
export interface PeerSocket {
  /** False if a datagram or an error arrived before the question was sent: then the socket must not be used. */
  readonly isGood: boolean;
  /** Sends the question, once, as soon as the socket is connected; the octets must not change until then. */
  send(datagram: Uint8Array, listener: PeerListener): void;
  /** Frees the port; the listener is not called after this. */
  close(): void;
}

/** The listener of a question. */
export interface PeerListener {
  /** The peer sent a datagram. */
  received(octets: Uint8Array): void;
  /** The question cannot be sent, or an ICMP error arrived. Never called while `send` runs. */
  failed(error: unknown): void;
}

/** The peer of a socket. */
export interface PeerOptions {
  /** A numeric address, with a scope id if it needs one. */
  readonly host: string;
  readonly port: number;
  /** A local port to try; called again if that one is in use. */
  readonly nextLocalPort: () => number;
}

/**
 * Opens a socket and connects it: the kernel drops datagrams from other addresses and ports, and reports an ICMP error at
 * once. Errors are reported when something is sent.
 */
export type OpenPeer = (options: PeerOptions) => PeerSocket;

/** Local ports that are tried before giving up. */
export const MAX_BIND_TRIES = 8;
