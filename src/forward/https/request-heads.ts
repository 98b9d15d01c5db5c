import { encodedRequest } from '../../system/https/http2/header-encoder.ts';

/** Different lengths of queries whose heads are kept: multiples of 128 octets up to the longest question. */
const MAX_KEPT = 16;

/** The heads of the requests to one server, encoded: those of POST differ in nothing but a length, so each is made once. */
export class RequestHeads {
  readonly #authority: string;
  readonly #path: string;
  readonly #posts = new Map<number, Uint8Array>();

  /** With the path of the URL. */
  constructor({ authority, path }: { readonly authority: string; readonly path: string }) {
    this.#authority = authority;
    this.#path = path;
  }

  /** The head of a POST of so many octets (RFC 8484 §4.1). */
  post(length: number): Uint8Array {
    const known = this.#posts.get(length);
    if (known !== undefined) return known;
    const head = this.#encode('POST', this.#path, [
      ['content-type', 'application/dns-message'],
      ['content-length', String(length)],
    ]);
    if (this.#posts.size < MAX_KEPT) this.#posts.set(length, head);
    return head;
  }

  /** RFC 8484 §4.1: "the single variable "dns" is defined as the content of the DNS request", in base64url (§6). */
  get(message: Buffer): Uint8Array {
    const path = this.#path;
    return this.#encode(
      'GET',
      `${path}${path.includes('?') ? '&' : '?'}dns=${message.toString('base64url')}`,
      [],
    );
  }

  /** RFC 8484 §8.2 warns of headers that distinguish clients, so there are no others. */
  #encode(method: string, path: string, more: readonly (readonly [string, string])[]): Uint8Array {
    return encodedRequest([
      [':method', method],
      [':scheme', 'https'],
      [':authority', this.#authority],
      [':path', path],
      ['accept', 'application/dns-message'],
      ...more,
    ]);
  }
}
