/*
 * Every bound of the HTTP side. What a client can make grow or wait is here; how many connections there may be is decided by
 * whoever accepts them (`HttpsOptions.onConnection`).
 */

/**
 * Milliseconds without a whole request after which a connection is closed, whatever it does: says nothing, never ends its
 * handshake, its headers or its bodies, sends only frames that ask for nothing, or does not read its answers. So one rule
 * ends everything that is slow. Node's own `headersTimeout` is not applied to a connection that is given to a server, as
 * TLS gives it here.
 */
export const IDLE = 10_000;

/** Milliseconds between two looks at what has taken too long: a bound may be exceeded by as much. */
export const LOOK_EVERY = 1_000;

/** Milliseconds for the body of one request. Other requests of the connection go on meanwhile. */
export const BODY_TIME = 5_000;

/** Octets of a body: the largest DNS message (RFC 1035 §4.2.2). */
export const MAX_BODY = 65_535;

/**
 * Octets that all bodies together hold while they are read; one is a hundred long. Beyond, the connections of the oldest end.
 */
export const MAX_BODIES = 4 * 1024 * 1024;

/** Bodies that are being read, of which each stream of each connection has one. Beyond, as with their octets. */
export const MAX_READING = 2_000;

/** Octets of all headers of a request, its path included, or of a reply. Beyond, a request is answered with 431. */
export const MAX_HEADERS = 16_384;

/** Headers of a request in HTTP/2; browsers send a dozen. In HTTP/1.1 their octets are the bound. */
export const MAX_HEADER_PAIRS = 40;

/** Frames that one block of headers may come in (CVE-2024-27983). All that it may have fits into one. */
export const MAX_CONTINUATIONS = 8;

/**
 * Requests in flight on one connection; with one more, one of HTTP/1.1 ends. RFC 9113 §6.5.2: "It is recommended that this value be no
 * smaller than 100".
 */
export const MAX_STREAMS = 100;

/**
 * Frames of HTTP/2 that are read in one turn of the event loop, from all connections together, in which no query over UDP is read:
 * a tenth of a millisecond, and several when the code is cold. The rest waits in the sockets.
 */
export const FRAMES_AT_ONCE = 50;

/** Frames that take as much time as one request. */
export const REQUEST_COST = 5;

/** Streams beyond that, opened by a client that knew better, after which its connection ends. */
export const MAX_REJECTED_STREAMS = 50;

/** Requests of one connection that we had to reset, after which it ends. */
export const MAX_INVALID_FRAMES = 10;

/** Settings in one SETTINGS frame; six are defined. */
export const MAX_SETTINGS = 16;

/**
 * Resets of streams by the client (CVE-2023-44487): so many at once, then so many a second. A browser whose user closes
 * twenty tabs at once resets fewer.
 */
export const RESET_BURST = 200;
export const RESET_RATE = 20;

/**
 * PING, SETTINGS and other frames of one connection that ask for nothing, between two looks, and two more for each answer. Clients
 * send one in many seconds.
 */
export const MAX_CONTROL_FRAMES = 200;

/** Octets of answers that one connection has not taken, as in `serve/tcp`. Answers under `SMALL` count as nothing. */
export const MAX_UNSENT = 256 * 1024;
export const SMALL = 4_096;

/** Milliseconds that clients have to take their last answers when the server stops. */
export const LAST_ANSWERS = 150;

/** Milliseconds from a connection to its first request in which it is waited for before we leave: a handshake takes a few. */
export const FIRST_REQUEST = 750;

/**
 * Milliseconds that the secrets of session tickets are used. Who finds them can read the sessions of TLS 1.2 that were begun
 * with them (RFC 5077 §5.5).
 */
export const RENEW_TICKETS = 12 * 3_600_000;
