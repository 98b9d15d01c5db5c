import { MAX_HEADER_PAIRS, MAX_HEADERS } from '../shared/bounds.ts';
import type { Header } from './header.ts';

/** The head of a request, as its headers come. */
export class RequestHead {
  method = '';
  path = '';
  authority: string | undefined;
  /** Octets of the body, if the request says so. */
  contentLength: number | undefined;
  #scheme = '';
  /** At most `MAX_HEADER_PAIRS`, of which a request is asked for five or six: a table would take longer to make. */
  readonly #others: Header[] = [];
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
    return this.method !== 'CONNECT' && (this.path === '' || this.#scheme === '');
  }

  /** The value of a header; those of one name are joined. */
  get(name: string): string | undefined {
    if (name === 'host' && this.authority !== undefined) return this.authority;
    let found: string | undefined;
    for (const header of this.#others)
      if (header.name === name) found = found === undefined ? header.value : `${found}, ${header.value}`;
    return found;
  }

  /** Adds a header; none any more when it is too large. */
  add(header: Header): void {
    this.#pairs++;
    this.#octets += header.size;
    if (this.isTooLarge) return;
    if (header.isWrong) this.#isWrong = true;
    if (header.isPseudo) this.#addPseudo(header);
    else {
      this.#others.push(header);
      if (header.name === 'content-length') this.#addLength(header.value);
    }
  }

  /** RFC 9110 §8.6: a number, and once. */
  #addLength(value: string): void {
    if (this.contentLength !== undefined || !/^\d{1,15}$/.test(value)) this.#isWrong = true;
    this.contentLength = Number(value);
  }

  /** RFC 9113 §8.3: each once, and before all others. */
  #addPseudo({ name, value }: Header): void {
    if (this.#others.length > 0) this.#isWrong = true;
    else if (name === ':method' && this.method === '') this.method = value;
    else if (name === ':path' && this.path === '') this.path = value;
    else if (name === ':scheme' && this.#scheme === '') this.#scheme = value;
    else if (name === ':authority' && this.authority === undefined) this.authority = value;
    else this.#isWrong = true;
  }
}
