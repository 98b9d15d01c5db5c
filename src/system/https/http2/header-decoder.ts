import { nothing } from '../shared/exchange.ts';
import { ErrorCode, Http2Error } from './frames.ts';
import { Header } from './header.ts';
import { decodeHuffman } from './huffman.ts';
import { staticTable } from './static-table.ts';

/** Octets of the dynamic table: what RFC 9113 §6.5.2 begins with, and we never ask for another. */
const TABLE_SIZE = 4_096;

/** The largest integer that is read; nothing that it may count is as large. */
const MAX_INTEGER = 1 << 20;

/** What takes the headers of a block. */
export interface HeaderTaker {
  add(header: Header): void;
}

/** Reads blocks of headers of one connection (RFC 7541), each of which may change how the next are read. */
export class HeaderDecoder {
  /** Newest last. */
  readonly #dynamic: Header[] = [];
  #size = 0;
  #maxSize = TABLE_SIZE;
  #octets: Buffer = nothing as Buffer;
  #at = 0;
  #end = 0;

  /**
   * Gives `taker` each header of the block from `start` to `end`, in time linear in its octets.
   * @throws Http2Error when it is broken: nothing that follows can be read.
   */
  decode(octets: Buffer, start: number, end: number, taker: HeaderTaker): void {
    this.#octets = octets;
    this.#at = start;
    this.#end = end;
    for (let isFirst = true; this.#at < end; ) {
      const octet = octets[this.#at] as number;
      // RFC 7541 §4.2: "This dynamic table size update MUST occur at the beginning of the first header block".
      if ((octet & 0xe0) === 0x20) {
        if (!isFirst) throw broken();
        this.#resize(this.#integer(5));
        continue;
      }
      isFirst = false;
      if (octet >= 0x80) {
        taker.add(this.#entry(this.#integer(7)));
        continue;
      }
      const isAdded = octet >= 0x40;
      const index = this.#integer(isAdded ? 6 : 4);
      const name = index === 0 ? this.#string() : this.#entry(index).name;
      const header = new Header(name, this.#string());
      if (isAdded) this.#add(header);
      taker.add(header);
    }
    // What was read from the socket is not kept until the next block.
    this.#octets = nothing as Buffer;
  }

  #entry(index: number): Header {
    const entry = staticTable[index - 1] ?? this.#dynamic[this.#dynamic.length + staticTable.length - index];
    if (entry === undefined) throw broken();
    return entry;
  }

  #add(entry: Header): void {
    const { size } = entry;
    this.#evict(this.#maxSize - size);
    // RFC 7541 §4.4: "an attempt to add an entry larger than the maximum size causes the table to be emptied".
    if (size > this.#maxSize) return;
    this.#dynamic.push(entry);
    this.#size += size;
  }

  #resize(size: number): void {
    if (size > TABLE_SIZE) throw broken();
    this.#maxSize = size;
    this.#evict(size);
  }

  #evict(size: number): void {
    while (this.#size > size) {
      const oldest = this.#dynamic.shift();
      if (oldest === undefined) return;
      this.#size -= oldest.size;
    }
  }

  /** RFC 7541 §5.1. */
  #integer(prefix: number): number {
    const mask = (1 << prefix) - 1;
    let value = this.#octet() & mask;
    if (value < mask) return value;
    for (let shift = 0; ; shift += 7) {
      const octet = this.#octet();
      value += (octet & 0x7f) * 2 ** shift;
      if (value > MAX_INTEGER || shift > 21) throw broken();
      if (octet < 0x80) return value;
    }
  }

  /** RFC 7541 §5.2. */
  #string(): string {
    const isCoded = this.#at < this.#end && (this.#octets[this.#at] as number) >= 0x80;
    const length = this.#integer(7);
    const start = this.#at;
    const end = start + length;
    if (end > this.#end) throw broken();
    this.#at = end;
    const text = isCoded
      ? decodeHuffman(this.#octets, start, end)
      : this.#octets.toString('latin1', start, end);
    if (text === undefined) throw broken();
    return text;
  }

  #octet(): number {
    if (this.#at >= this.#end) throw broken();
    return this.#octets[this.#at++] as number;
  }
}

function broken(): Http2Error {
  return new Http2Error(ErrorCode.COMPRESSION_ERROR);
}
