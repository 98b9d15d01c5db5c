/** The part of Bun's API that is used; Bun's types are not a dependency. */
export interface BunApi {
  readonly version: string;
  /**
   * Binds a socket, and connects it when `connect` is given. Rejects with an error that has the system's `code`.
   * `flags` is what Bun's `node:dgram` hands over and its documentation leaves out.
   */
  udpSocket(options: BunUdpOptions | BunInheritedUdp): Promise<BunUdpSocket>;
  /** Listens for TCP connections. Throws an error that has the system's `code`. */
  listen(options: BunListenOptions): BunListener;
  /** Answers HTTP. We have a server of our own; benchmarks compare it with this one. */
  serve(options: BunServeOptions): void;
}

/** Options of `Bun.serve`. */
interface BunServeOptions {
  readonly hostname: string;
  readonly port: number;
  /** HTTP/2 beside HTTP/1.1. */
  readonly http2: boolean;
  readonly tls: object;
  fetch(request: Request): Response | Promise<Response>;
}

/** Options of `Bun.listen`. */
export interface BunListenOptions {
  readonly hostname: string;
  readonly port: number;
  readonly ipv6Only: boolean;
  readonly socket: { data(): void };
}

/** What `Bun.listen` gives. */
export interface BunListener {
  readonly port: number;
  readonly fd: number;
  /** Frees the port, and ends what is open when `now` is true. */
  stop(now: boolean): void;
}

/** Options of `Bun.udpSocket` for a descriptor that is bound. */
export interface BunInheritedUdp extends Pick<BunUdpOptions, 'socket'> {
  readonly fd: number;
}

/** Options of `Bun.udpSocket`. */
export interface BunUdpOptions {
  readonly hostname: string;
  readonly port: number;
  readonly flags?: number;
  readonly connect?: { readonly hostname: string; readonly port: number };
  readonly socket: {
    data(socket: BunUdpSocket, octets: Buffer, port: number, host: string): void;
    /** There is room again after something could not be sent. */
    drain?(socket: BunUdpSocket): void;
    /** An error that belongs to no call, for example an ICMP message about a datagram that was sent before. */
    error(error: NodeJS.ErrnoException): void;
  };
}

/** A socket of `Bun.udpSocket`. */
export interface BunUdpSocket {
  readonly port: number;
  readonly fd: number;
  /** On a connected socket. False when the system has no room now; throws what the system says. */
  send(octets: Uint8Array): boolean;
  /**
   * On an unconnected socket: octets, port and address of each datagram in one list. Gives how many were sent, which
   * is fewer when the system has no room or refused one that was not the first; throws when it refused the first.
   */
  sendMany(list: readonly (Uint8Array | number | string)[]): number;
  close(): void;
}

/** `ipv6Only` of `node:dgram`, in the flags of `Bun.udpSocket`. */
export const BUN_IPV6_ONLY = 8;

/** Bun's interface, or undefined when Node runs us. */
export const bun: BunApi | undefined = (globalThis as { readonly Bun?: BunApi }).Bun;
