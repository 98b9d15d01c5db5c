/** A UDP socket for one question to one peer. */
export interface PeerSocket {
  /** Frees the port; nothing is told after it. */
  close(): void;
}

/** Whom to ask what. */
export interface PeerOptions {
  /** A numeric address, with a scope id if it needs one. */
  readonly host: string;
  readonly port: number;
  /** What is sent as soon as the socket is connected; it must stay as it is until then. */
  readonly datagram: Uint8Array;
  /** A local port to try; asked again when that one is taken. */
  readonly nextLocalPort: () => number;
  /** Gets each datagram that the peer sends. */
  readonly onDatagram: (octets: Uint8Array) => void;
  /** Gets what the system says, for example that the peer refuses; never before `OpenPeer` has returned. */
  readonly onError: (error: unknown) => void;
}

/**
 * Opens a socket, connects and sends. It is connected: the kernel drops what other addresses and ports send, and an
 * ICMP error arrives at once.
 */
export type OpenPeer = (options: PeerOptions) => PeerSocket;

/** Local ports that are tried before the system is taken to have none. */
export const MAX_BIND_TRIES = 8;
