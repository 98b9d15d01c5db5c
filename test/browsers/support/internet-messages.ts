/** A web server on the stand-in for the Internet. */
export interface Site {
  /** Shown on its pages, and told with its requests. */
  readonly name: string;
  /** An IPv4 address of the Internet; the stand-in takes it. */
  readonly address: string;
  /** Default: 80, or 443 with a certificate. */
  readonly port?: number;
  /** It speaks TLS, with this certificate and this key, PEM. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** By path; any other path is a page that says who served it. */
  readonly pages?: Readonly<Record<string, Page>>;
}

/** What is served at a path. */
export interface Page {
  readonly status?: number;
  /** Default: HTML. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A request that a site received. */
export interface SiteRequest {
  readonly site: string;
  readonly host: string;
  readonly path: string;
  /** The name in the ClientHello, of a site with TLS that was told one. */
  readonly serverName: string | undefined;
}

/** What the process of the Internet is told. */
export type ToInternet =
  | { readonly kind: 'network'; readonly address: string }
  | { readonly kind: 'open'; readonly site: Site };

/** What it tells. `done` answers each message to it, in order. */
export type FromInternet =
  | { readonly kind: 'done'; readonly error?: string }
  | { readonly kind: 'request'; readonly request: SiteRequest };
