/**
 * Server-sent events while the tab is shown: a browser opens six connections to one server, so a tab that nobody looks at holds
 * none of them. EventSource connects again by itself after an interruption.
 */
export class LiveEvents<T> {
  readonly #url: string;
  readonly #onEvent: (event: T) => void;
  readonly #onVisibility = () => this.#follow();
  #source: EventSource | undefined;

  constructor(url: string, onEvent: (event: T) => void) {
    this.#url = url;
    this.#onEvent = onEvent;
    document.addEventListener('visibilitychange', this.#onVisibility);
    this.#follow();
  }

  close(): void {
    document.removeEventListener('visibilitychange', this.#onVisibility);
    this.#source?.close();
  }

  #follow(): void {
    this.#source?.close();
    this.#source = undefined;
    if (document.hidden) return;
    this.#source = new EventSource(this.#url);
    this.#source.onmessage = ({ data }) => this.#onEvent(JSON.parse(data));
  }
}
