import { MAX_HEADER_PAIRS, MAX_HEADERS } from '../shared/bounds.ts';

/** RFC 9113 §8.2.2: "Any message containing connection-specific header fields MUST be treated as malformed". */
const ofConnection = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

/** RFC 9113 §8.2.1, and RFC 9110 §5.6.2. */
const isName = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;

/** Octets that RFC 9113 §6.5.2 adds for each header. */
const OVERHEAD = 32;

/** The head of a request, as its headers come. */
export class RequestHead {
  method = '';
  path = '';
  authority: string | undefined;
  #scheme = '';
  readonly #others = new Map<string, string>();
  #pairs = 0;
  #octets = 0;
  #isWrong = false;

  /** Too many headers, or too many octets of them. */
  get isTooLarge(): boolean {
    return this.#pairs > MAX_HEADER_PAIRS || this.#octets > MAX_HEADERS;
  }

  /** RFC 9113 §8.1.1 and §8.3.1: "MUST be treated as a stream error". */
  get isMalformed(): boolean {
    if (this.#isWrong || this.method === '') return true;
    const length = this.#others.get('content-length');
    if (length !== undefined && !/^\d{1,15}$/.test(length)) return true;
    return this.method !== 'CONNECT' && (this.path === '' || this.#scheme === '');
  }

  /** The value of a header; those of one name are joined. */
  get(name: string): string | undefined {
    return (name === 'host' ? this.authority : undefined) ?? this.#others.get(name);
  }

  /** Adds a header; none any more when it is too large. */
  add(name: string, value: string): void {
    this.#pairs++;
    this.#octets += name.length + value.length + OVERHEAD;
    if (this.isTooLarge) return;
    if (/[\0\r\n]/.test(value)) this.#isWrong = true;
    if (name.startsWith(':')) this.#addPseudo(name, value);
    else if (!isName.test(name) || ofConnection.has(name) || (name === 'te' && value !== 'trailers'))
      this.#isWrong = true;
    else {
      const before = this.#others.get(name);
      this.#others.set(name, before === undefined ? value : `${before}, ${value}`);
    }
  }

  /** RFC 9113 §8.3: each once, and before all others. */
  #addPseudo(name: string, value: string): void {
    if (this.#others.size > 0) this.#isWrong = true;
    else if (name === ':method' && this.method === '') this.method = value;
    else if (name === ':path' && this.path === '') this.path = value;
    else if (name === ':scheme' && this.#scheme === '') this.#scheme = value;
    else if (name === ':authority' && this.authority === undefined) this.authority = value;
    else this.#isWrong = true;
  }
}
