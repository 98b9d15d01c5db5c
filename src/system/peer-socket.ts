/** A UDP socket for one question to one peer, on a local port of its own. */
export interface PeerSocket {
  /** False once something has happened that should not happen before a question: then it is of no use. */
  readonly isGood: boolean;
  /** Sends the question, once, as soon as the socket is connected; the octets must stay as they are until then. */
  send(datagram: Uint8Array, listener: PeerListener): void;
  /** Frees the port; nothing is told after it. */
  close(): void;
}

/** Who asked, and hears what becomes of it. */
export interface PeerListener {
  /** The peer sent a datagram. */
  received(octets: Uint8Array): void;
  /** The question cannot be sent, or the system says that nobody is there. Never while `send` runs. */
  failed(error: unknown): void;
}

/** Whom a socket is for. */
export interface PeerOptions {
  /** A numeric address, with a scope id if it needs one. */
  readonly host: string;
  readonly port: number;
  /** A local port to try; asked again when that one is taken. */
  readonly nextLocalPort: () => number;
}

/**
 * Opens a socket and connects it: the kernel drops what other addresses and ports send, and an ICMP error arrives at
 * once. What goes wrong is told when something is sent.
 */
export type OpenPeer = (options: PeerOptions) => PeerSocket;

/** Local ports that are tried before the system is taken to have none. */
export const MAX_BIND_TRIES = 8;
