import type { TcpPlace } from '../../listen-tcp.ts';

/** A request, complete with its body. */
export interface HttpsRequest {
  readonly method: string;
  /** Path and query, as the client sent them. */
  readonly target: string;
  /** The value of a header, by its name in lower case; `host` is that of `:authority` in HTTP/2 (RFC 9113 §8.3.1). */
  header(name: string): string | undefined;
  /** At most `MAX_BODY` octets; empty without a body. */
  readonly body: Uint8Array;
  /** The client's address, as its socket writes it. */
  readonly address: string;
}

/**
 * An answer. `content-length` follows from the body, which is left out for HEAD (RFC 9110 §9.3.2). The headers never change: what
 * was written of them is written again for another answer that has the same ones.
 */
export interface HttpsAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | string;
}

/** Answers requests, at once where it can. What it throws is an internal error, which costs one answer 500. */
export type HttpsHandler = (request: HttpsRequest) => HttpsAnswer | Promise<HttpsAnswer>;

/** A connection, for whoever limits their number. */
export interface HttpsConnection {
  /** The client's address, as its socket writes it. */
  readonly address: string;
  /** When it was accepted, by `performance.now()`. */
  readonly acceptedAt: number;
  /** The client waits for nothing. */
  readonly isIdle: boolean;
  /** Ends it at once. */
  destroy(): void;
}

/** A certificate and its key as PEM, and what tells of those that take its place. */
export interface HttpsCertificate {
  readonly current: HttpsPem;
  onChange(listener: (certificate: HttpsPem) => void): () => void;
}

/** PEM: the server's own certificate, then those that lead to its CA; and the private key of the first. */
export interface HttpsPem {
  readonly chain: string;
  readonly key: string;
}

/** What a server is made of. */
export interface HttpsOptions {
  readonly place: TcpPlace;
  /** Undefined for a server without TLS, behind a proxy. */
  readonly certificate: HttpsCertificate | undefined;
  readonly handler: HttpsHandler;
  /** Called with each connection that is accepted, before anything was read from it. */
  readonly onConnection: (connection: HttpsConnection) => HttpsConnectionWatch;
  /** Decides when handshakes begin. */
  readonly handshakes: HandshakePacer;
  /** Called with what a handler threw. */
  readonly onBug: (error: unknown) => void;
}

/** Decides when the handshakes of TLS begin, since each delays all others by a millisecond. */
export interface HandshakePacer {
  /** Calls `begin` when the client at `address` may have a handshake, in a turn of its own, unless `socket` is gone by then. */
  begin(address: string, socket: { readonly destroyed: boolean }, begin: () => void): void;
  /** Does a further step of one in a turn of its own. */
  step(work: () => void): void;
  /** A connection of the client was ended for what no client would do. */
  flooded(address: string): void;
}

/** What is told about a connection. */
export interface HttpsConnectionWatch {
  /** It begins to wait for an answer that takes time. */
  onWaiting(): void;
  /** It is gone. */
  onClosed(): void;
}

/** A server that listens. */
export interface HttpsServer {
  /** The actual port. */
  readonly port: number;
  /** Accepts nothing more, and waits a moment for the first request of what was accepted. */
  leave(): Promise<void>;
  /** Stops, and gives clients a moment to take their last answers. */
  stop(): Promise<void>;
}
