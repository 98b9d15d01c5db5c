/** Bounds of the HTTP side; what the gateway asks of sites has bounds of its own. */
export const limits = {
  /** Connections at each address; browsers open six for an origin, and one for each WebSocket. */
  connections: 512,
  /** Octets of the request line and all headers; Node's default, and that of nginx twice over. */
  headerOctets: 16_384,
  /** Lines of headers. */
  headers: 100,
  /** Milliseconds for the headers of a request. */
  headersMs: 10_000,
  /** Milliseconds for which a connection may wait for its next request. */
  idleMs: 30_000,
  /** Milliseconds between looks at what takes too long. */
  checkMs: 1_000,
} as const;
