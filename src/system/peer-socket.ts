/** A UDP socket for questions to one peer, on a local port of its own. */
export interface PeerSocket {
  /** False if a datagram arrived before the first question was sent, or an error ever: then the socket must not be used. */
  readonly isGood: boolean;
  /**
   * Sends a question, as soon as the socket is connected; the octets must not change until then. `listener` hears from now on
   * what arrives, for this question and earlier ones.
   */
  send(datagram: Uint8Array, listener: PeerListener): void;
  /** Frees the port; the listener is not called after this. */
  close(): void;
}

/** The listener of a socket. */
export interface PeerListener {
  /** The peer sent a datagram. */
  received(octets: Uint8Array): void;
  /** A question cannot be sent, or an ICMP error arrived. Never called while `send` runs. */
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
