/** Bounds of the HTTP side; what the gateway asks of sites has bounds of its own. */
export const limits = {
  /** Connections at each address; browsers open six for an origin, and one for each WebSocket. */
  connections: 512,
  /** Of those, of one client other than this machine: an eighth, which is a household with ten browsers. */
  connectionsPerClient: 64,
  /** Octets of an IPv6 address that are one client: a /64 at least (RFC 6177 §2 has sites have more, which are several here). */
  clientOctets: 8,
  /** Octets of the request line and all headers; Node's default, and that of nginx twice over. */
  headerOctets: 16_384,
  /** Lines of headers. */
  headers: 100,
  /**
   * Requests of one connection that wait for their answer, as many as HTTP/2 has streams (RFC 9113 §6.5.2). Browsers send none ahead of
   * an answer; who sends more ends the connection, and RFC 9112 §9.3.2 has clients try those again.
   */
  requestsAhead: 100,
  /** Milliseconds from a connection to its first request, headers included. */
  headersMs: 10_000,
  /** Milliseconds from an answer to the next request, headers included. */
  idleMs: 30_000,
  /** Milliseconds for the body of a request, of which ours are small. */
  bodyMs: 10_000,
  /** Requests to the relay of one client, other than this machine; a page that opens many names asks for some dozens at once. */
  relayRequests: { perSecond: 20, burst: 100, clients: 4096 },
  /** Milliseconds for the rest of a request that was answered before its end. */
  lingerMs: 1_000,
  /** Pages that are told the figures once a second, all together: each is a connection. */
  followers: 64,
  /** Milliseconds that connections have for what they are at when the program ends. */
  closeMs: 300,
} as const;
