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

/** Octets that a header counts beyond its own (RFC 7541 §4.1, RFC 9113 §6.5.2). */
const OVERHEAD = 32;

/** A name and a value. What a client sends with each request is one object in a table, and was judged when it came there. */
export class Header {
  readonly name: string;
  readonly value: string;
  /** Octets that it counts. */
  readonly size: number;
  /** It is not a field but a part of the request line (RFC 9113 §8.3). */
  readonly isPseudo: boolean;
  /** No request may have it. */
  readonly isWrong: boolean;

  constructor(name: string, value: string) {
    this.name = name;
    this.value = value;
    this.size = name.length + value.length + OVERHEAD;
    this.isPseudo = name.startsWith(':');
    this.isWrong = /[\0\r\n]/.test(value) || (!this.isPseudo && isWrongField(name, value));
  }
}

function isWrongField(name: string, value: string): boolean {
  return !isName.test(name) || ofConnection.has(name) || (name === 'te' && value !== 'trailers');
}
