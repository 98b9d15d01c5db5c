/** A bound UDP socket of a server. */
export interface DatagramSocket {
  /** The port it is bound to. */
  readonly port: number;
  /**
   * Sends a datagram to a numeric address, now or with all others of this turn of the event loop. The octets must not
   * change. Never throws: datagrams that cannot be sent are counted.
   */
  send(octets: Uint8Array, port: number, host: string): void;
  /** Datagrams that were not sent, as far as the runtime tells. */
  readonly sendErrors: number;
  /**
   * Stops reading, where the runtime can: what arrives from now on stays in the kernel, for the others that have the same
   * socket. Datagrams can still be sent. Only for a socket that was given as a descriptor.
   */
  stopReading(): Promise<void>;
  /** Sends queued datagrams and frees the port. */
  close(): Promise<void>;
}

/** Where to bind, and the handler of datagrams. */
export interface DatagramOptions {
  /** A numeric address; an IPv6 address is bound for IPv6 only. */
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  /** A descriptor that is bound there already, of which the socket becomes the owner. */
  readonly descriptor?: number | undefined;
  /**
   * The size of the kernel's receive buffer; the system may grant less. A socket that was given keeps its own: who opened it
   * may have been allowed more than we are, and setting it could only take that away.
   */
  readonly receiveBuffer: number;
  /**
   * Called with each datagram, its source address and port, which may be forged, and the socket to answer it with: the
   * first one may arrive before `OpenDatagrams` resolves.
   */
  readonly onDatagram: (octets: Buffer, host: string, port: number, socket: DatagramSocket) => void;
}

/** Opens a socket. Rejects with the system's error, which has a `code`, if the address is not available. */
export type OpenDatagrams = (options: DatagramOptions) => Promise<DatagramSocket>;
