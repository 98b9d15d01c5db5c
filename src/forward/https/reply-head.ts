import type { Header } from '../../system/https/http2/header.ts';
import type { HeaderTaker } from '../../system/https/http2/header-decoder.ts';

/** The body of a successful HTTP response. The DNS message has not been parsed. */
export interface HttpsReply {
  /** Up to 65,535 octets. */
  readonly bytes: Uint8Array;
  /** Seconds that it has spent in HTTP caches. */
  readonly age: number;
}

/** RFC 8484 §6: messages are those of RFC 1035, whose length over TCP is 16 bits. */
export const MAX_REPLY_LENGTH = 65_535;

/** Higher ages count as a week. */
const MAX_AGE = 604_800;

/** What is used of the head of a response, as its headers come. A header that is repeated counts as missing. */
export class ReplyHead implements HeaderTaker {
  #status = '';
  #type: string | undefined;
  #length: string | undefined;
  #age: string | undefined;

  /** Adds a header. */
  add({ name, value }: Header): void {
    switch (name) {
      case ':status':
        this.#status = value;
        break;
      case 'content-type':
        this.#type = this.#type === undefined ? value : '';
        break;
      case 'content-length':
        this.#length = this.#length === undefined ? value : '';
        break;
      case 'age':
        this.#age = this.#age === undefined ? value : '';
        break;
    }
  }

  /** RFC 9110 §15.2: another head follows. */
  get isInformational(): boolean {
    return /^1\d\d$/.test(this.#status);
  }

  /** See `HttpsReply`. */
  get age(): number {
    const text = this.#age ?? '';
    return /^\d{1,10}$/.test(text) ? Math.min(Number(text), MAX_AGE) : 0;
  }

  /** The length that it says, in octets. */
  get length(): number | undefined {
    const text = this.#length ?? '';
    return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
  }

  /** Why the response is not a DNS reply, as a clause; undefined if it is one. */
  get whyNoReply(): string | undefined {
    // RFC 8484 §4.2.1: only a successful status has a DNS reply, and a redirection would lead to another server.
    if (this.#status !== '200') return `answered with HTTP status ${Number(this.#status)}`;
    const type = this.#type ?? '';
    if (type !== 'application/dns-message' && !/^application\/dns-message\s*(?:;|$)/i.test(type))
      return `answered with ${describeType(type)}`;
    const { length = 0 } = this;
    return length > MAX_REPLY_LENGTH ? `sends ${length} octets, more than ${MAX_REPLY_LENGTH}` : undefined;
  }
}

function describeType(type: string): string {
  if (type === '') return 'a reply without a content type';
  return `content of type ${type.replace(/[^ -~]/g, '?').slice(0, 60)}, not application/dns-message`;
}
