import { rcodeToText, typeToText } from '../dns/codes.ts';
import { type Protocol, protocolNames } from '../dns/protocol.ts';
import { WireReader } from '../dns/wire-reader.ts';
import type { TimedFact } from '../way/fact.ts';
import type { QueryFeed } from '../way/query-feed.ts';
import { HotPath, type HotPathParts } from './hot-path.ts';
import { u16, uncompressedNameEnd } from './request.ts';

/** Names whose text is kept, since the same ones are asked again and again. */
const MAX_TEXTS = 2_000;

/** The way of every answer of the hot path. */
const way: readonly TimedFact[] = [{ of: 'cache', state: 'fresh', atMs: 0 }];

/** The hot path while somebody looks at live queries: it tells each answer. It takes the place of the plain one, which pays nothing. */
export class WatchedHotPath extends HotPath {
  readonly #feed: QueryFeed;
  /** By the octets of the name. */
  readonly #texts = new Map<string, string>();
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
    this.#question = latin1(request, 12, nameEnd);
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
      name: this.#nameText(),
      type: typeToText(this.#type),
      rcode: rcodeToText((target[at + 3] as number) & 0x0f),
      ms: 0,
      way,
    });
  }

  #nameText(): string {
    const octets = this.#question;
    const known = this.#texts.get(octets);
    if (known !== undefined) return known;
    if (this.#texts.size >= MAX_TEXTS) this.#texts.clear();
    const text = new WireReader(Buffer.from(octets, 'latin1')).name('QNAME').toString();
    this.#texts.set(octets, text);
    return text;
  }
}

function latin1({ buffer, byteOffset }: Uint8Array, start: number, end: number): string {
  return Buffer.from(buffer, byteOffset + start, end - start).toString('latin1');
}
