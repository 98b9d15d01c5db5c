/**
 * Every bound of the gateway. What a browser does with a page needs a tenth of it; what a site or a page that means harm can take
 * is the whole, and no more.
 */
export interface GatewayLimits {
  /** Requests and WebSockets in flight for one opened key. A browser keeps six connections for an origin, and many WebSockets. */
  readonly perKey: number;
  /** The same of all keys together. */
  readonly inAll: number;
  /** Milliseconds for all lookups of a request. The first lookup of a key after a start may take seconds. */
  readonly lookupMs: number;
  /** Milliseconds after which the next address is tried beside the one before: RFC 8305 §5 recommends 250. */
  readonly staggerMs: number;
  /** Milliseconds for one connection, with its TLS handshake. */
  readonly connectMs: number;
  /** Milliseconds until a request has a connection, whatever has to be tried. */
  readonly reachMs: number;
  /** Milliseconds from the end of a request to the first octet of its answer. */
  readonly firstByteMs: number;
  /** Milliseconds in which no octet of a body moves. A page that waits for events sends something more often. */
  readonly idleMs: number;
  /** A body that is sent to a site must move so many octets in each `uploadWindowMs`: whoever sends slower holds a place. */
  readonly uploadOctets: number;
  readonly uploadWindowMs: number;
  /** Milliseconds for the whole body of a request: the end of one that has none. */
  readonly uploadMs: number;
  /** Milliseconds in which neither side of a WebSocket sends anything. */
  readonly socketIdleMs: number;
  /** Milliseconds that a connection without a request is kept for the next one. */
  readonly keepAliveMs: number;
  /** Milliseconds after which a connection is not used for another request: packets may lead elsewhere by then. */
  readonly connectionAgeMs: number;
  /** Milliseconds for a client to read an answer that came before all of its request was sent. */
  readonly lingerMs: number;
}

/** The bounds in force. */
export const gatewayLimits: GatewayLimits = {
  perKey: 48,
  inAll: 256,
  lookupMs: 20_000,
  staggerMs: 250,
  connectMs: 8_000,
  reachMs: 20_000,
  firstByteMs: 60_000,
  idleMs: 120_000,
  uploadOctets: 4_096,
  uploadWindowMs: 30_000,
  uploadMs: 3_600_000,
  socketIdleMs: 600_000,
  keepAliveMs: 10_000,
  connectionAgeMs: 300_000,
  lingerMs: 1_000,
};

/** Aliases that one request may follow, inside packets and between them: as many as an answer of DNS. */
export const MAX_ALIASES = 16;
/** Keys whose packets one request may need: each can cost a lookup in the DHT. */
export const MAX_KEYS = 20;
/** HTTPS records of one name that are used, the first by priority. A packet has room for about twenty. */
export const MAX_SERVICES = 8;
/** Addresses of one server that are tried. */
export const MAX_ADDRESSES = 8;
/** Octets of the header section of a site's answer. Browsers stop at 256 kB, servers at 8 to 64. */
export const MAX_HEADER_OCTETS = 32_768;
/** Connections of one site that wait for a request. */
export const MAX_WAITING_CONNECTIONS = 8;
/** Packets that are remembered for the HTTPS records in them, about 3 kB each. */
export const MAX_SEEN_PACKETS = 1_000;
