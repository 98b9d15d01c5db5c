/** Milliseconds without an event, which come once a second, after which the program is not there. */
const PATIENCE = 5_000;

/**
 * Server-sent events while the tab is shown: a browser opens six connections to one server, so a tab that nobody looks at holds
 * none of them. EventSource connects again by itself after most interruptions, and we where it gives up.
 */
export class LiveEvents<T> {
  readonly #url: string;
  readonly #onEvent: (event: T) => void;
  readonly #onSilence: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #onVisibility = () => this.#follow();
  #source: EventSource | undefined;

  /** @param onSilence called again and again while no event comes. */
  constructor(url: string, onEvent: (event: T) => void, onSilence: () => void) {
    this.#url = url;
    this.#onEvent = onEvent;
    this.#onSilence = onSilence;
    document.addEventListener('visibilitychange', this.#onVisibility);
    this.#follow();
  }

  close(): void {
    document.removeEventListener('visibilitychange', this.#onVisibility);
    this.#source?.close();
    clearTimeout(this.#timer);
  }

  #follow(): void {
    this.#source?.close();
    this.#source = undefined;
    clearTimeout(this.#timer);
    if (document.hidden) return;
    const source = new EventSource(this.#url);
    this.#source = source;
    this.#expect();
    source.onmessage = ({ data }) => {
      this.#expect();
      this.#onEvent(JSON.parse(data));
    };
  }

  #expect(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#onSilence();
      this.#follow();
    }, PATIENCE);
  }
}
