import { rcodeToText, typeToText } from '../dns/codes.ts';
import { HEADER_LENGTH } from '../dns/message.ts';
import { type Protocol, protocolNames } from '../dns/protocol.ts';
import { WireReader } from '../dns/wire-reader.ts';
import type { TimedFact } from '../way/fact.ts';
import type { QueryFeed } from '../way/query-feed.ts';
import { HotPath, type HotPathParts } from './hot-path.ts';
import { u16, uncompressedNameEnd } from './request.ts';

/** The RCODEs without extended bits, of which the hot path has no others. */
const rcodes = Array.from({ length: 16 }, (_, rcode) => rcodeToText(rcode));

/** The way of every answer of the hot path. */
const way: readonly TimedFact[] = [{ of: 'cache', state: 'fresh', atMs: 0 }];

/** The hot path while somebody looks at live queries: it tells each answer. It takes the place of the plain one, which pays nothing. */
export class WatchedHotPath extends HotPath {
  readonly #feed: QueryFeed;
  #question = '';
  #type = 0;
  #client = '';
  #protocol: Protocol = 0;

  constructor(parts: HotPathParts, feed: QueryFeed) {
    super(parts);
    this.#feed = feed;
  }

  /** See `HotPath`. */
  override find(request: Uint8Array, client: string, protocol: Protocol): number {
    const length = super.find(request, client, protocol);
    if (length === 0) return 0;
    const nameEnd = uncompressedNameEnd(request);
    this.#question = nameText(request, nameEnd);
    this.#type = u16(request, nameEnd);
    this.#client = client;
    this.#protocol = protocol;
    return length;
  }

  /** See `HotPath`. */
  override write(target: Buffer, at: number): void {
    super.write(target, at);
    if (!this.#feed.hasRoom()) return;
    this.#feed.take({
      at: Date.now(),
      client: this.#client,
      protocol: protocolNames[this.#protocol],
      name: this.#question,
      type: typeToText(this.#type),
      rcode: rcodes[(target[at + 3] as number) & 0x0f] as string,
      durationMs: 0,
      way,
    });
  }
}

/**
 * The QNAME, which ends before `end`, in presentation form. Nearly all names have letters, digits, hyphens and underscores alone, and
 * are their own text once dots take the place of lengths; others are decoded.
 */
function nameText(request: Uint8Array, end: number): string {
  let text = '';
  for (let at = HEADER_LENGTH; at < end - 1; ) {
    const next = at + 1 + (request[at] as number);
    for (at++; at < next; at++) {
      const octet = request[at] as number;
      if (isPlain[octet] !== 1) return new WireReader(request, HEADER_LENGTH, end).name('QNAME').toString();
      text += characters[octet];
    }
    text += '.';
  }
  return text === '' ? '.' : text;
}

const characters = Array.from({ length: 256 }, (_, octet) => String.fromCharCode(octet));
const isPlain = Uint8Array.from(characters, (character) => (/[\w-]/.test(character) ? 1 : 0));
