import type { IncomingMessage, ServerResponse } from 'node:http';

/** Something that the server has, under its own names. */
export interface Route {
  /** The path of its target as it stands in the request, or whether a path is one of this route. */
  readonly path: string | ((path: string) => boolean);
  /** Other methods get 405 with these in `Allow`; `judged-here`: the route has an answer of its own for them. */
  readonly methods: readonly Method[] | 'judged-here';
  /** Whose requests it takes; others get 403. */
  readonly access: Access;
  /** What its requests are counted as; `other` without. */
  readonly service?: 'relay';
  /** Answers the request. What it throws is an internal error, but for a `LookupError`: the client gets 500 or 503, and others notice nothing. */
  handle(exchange: Exchange): void | Promise<void>;
}

/** A method that a route may have. */
export type Method = 'GET' | 'HEAD' | 'PUT' | 'OPTIONS';

/** Whose requests a route takes. */
export interface Access {
  /**
   * What of the pages of other origins, as Fetch Metadata tells: `nothing`; `links`, a page that a person opens by a link; or
   * `judged-here`: the route has rules of its own.
   */
  readonly elsewhere: 'nothing' | 'links' | 'judged-here';
  /** `allow-from`: this machine and whoever may send queries. */
  readonly clients: 'allow-from' | 'everybody';
}

/** A request and its response. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The path of the target, as it stands in the request. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** The address of the client; empty when it cannot be told: see `clientAddress`. */
  readonly client: string;
  /** Aborted when the client has gone, or has its answer. */
  readonly signal: AbortSignal;
}
