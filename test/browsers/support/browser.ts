/** Where a browser came to. */
export interface Visit {
  /** The address of the page that is shown. */
  readonly url: string;
  /** The status of its response; undefined if there is none, as for pages of the browser itself. */
  readonly status: number | undefined;
  /** What is to be read on it. */
  readonly text: string;
  /** Why nothing was loaded, in the browser's words. */
  readonly failure?: string;
}

/** A running browser with a profile of its own, with one window. */
export interface Browser extends AsyncDisposable {
  /** Opens an address in a new tab, as a link does. */
  open(url: string): Promise<Visit>;
  /** Types into the address bar of the window, and Enter. Only with a screen. */
  type(text: string): Promise<Visit>;
  /** Runs an expression in the page that was opened last, and gives its value; a promise is waited for. */
  run(expression: string): Promise<unknown>;
  /** The responses that came, in order, whatever a page was allowed to see of them. */
  readonly responses: readonly SeenResponse[];
}

/** A response as the browser itself saw it. */
export interface SeenResponse {
  readonly url: string;
  readonly status: number;
}

/** How a browser is started. */
export interface BrowserOptions {
  /** The policy of the administrator: the content of its file. */
  readonly policy?: Readonly<Record<string, unknown>>;
  readonly display?: string;
}

/** Milliseconds for a page to be loaded. */
export const PAGE_MS = 20_000;
/** Milliseconds for a browser to start on a busy machine. */
export const START_MS = 60_000;

/** What a page says of itself, as an expression: [address, status, text]. */
export const PAGE_STATE =
  '[document.documentURI, performance.getEntriesByType("navigation")[0]?.responseStatus ?? 0, document.body?.innerText ?? ""]';
