/** A bound UDP socket that answers whoever writes to it. */
export interface DatagramSocket {
  /** The port that was taken. */
  readonly port: number;
  /**
   * Sends a datagram to a numeric address, now or with all others of this turn of the event loop. The octets must stay
   * as they are. Never throws: what cannot be sent is counted.
   */
  send(octets: Uint8Array, port: number, host: string): void;
  /** Datagrams that were not sent, as far as the runtime tells. */
  readonly sendErrors: number;
  /** Sends what waits and frees the port. */
  close(): Promise<void>;
}

/** Where to bind, and who gets what arrives. */
export interface DatagramOptions {
  /** A numeric address; an IPv6 one is bound for IPv6 alone. */
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  /** Octets that may wait in the kernel; the system may grant fewer. */
  readonly receiveBuffer: number;
  /**
   * Gets each datagram, the address and port it came from, which may be forged, and the socket, through which it may
   * be answered at once: the first can come before `OpenDatagrams` resolves. Must not throw.
   */
  readonly onDatagram: (octets: Buffer, host: string, port: number, socket: DatagramSocket) => void;
}

/** Opens a socket. Rejects with the system's error, which has a `code`, when the address cannot be had. */
export type OpenDatagrams = (options: DatagramOptions) => Promise<DatagramSocket>;
