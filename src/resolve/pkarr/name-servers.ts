import { Type } from '../../dns/codes.ts';
import type { Name } from '../../dns/name.ts';
import { type ResourceRecord, type RRset, rdataName } from '../../dns/record.ts';
import { addressToText } from '../../ip/address.ts';

/** One address of one name server. */
export interface NameServer {
  /** As text. */
  readonly address: string;
  /** How often it was tried before. */
  readonly attempt: number;
}

/** What the list of a zone's name servers works with. */
export interface NameServersParts {
  /** The NS RRset; its owner is the zone. */
  readonly servers: RRset;
  /** A and AAAA records that came with it. */
  readonly glue: readonly ResourceRecord[];
  /**
   * Looks up a server that came without. `found` is given addresses of 4 or 16 octets as they come, also later;
   * resolves when there are some or nothing more can come.
   */
  readonly lookUp: (name: Name, found: (addresses: readonly Uint8Array[]) => void) => Promise<void>;
  /** Whether the address may be asked; it is left out otherwise. */
  readonly mayAsk: (address: Uint8Array) => boolean;
}

/** Of a zone's servers so many count, and of a server's addresses. A set of 13 is the largest that is in use. */
const MAX_SERVERS = 16;
const MAX_ADDRESSES = 4;

/** How often one address is tried at most: datagrams get lost. */
const MAX_ATTEMPTS = 3;

/**
 * The addresses of a zone's name servers, one at a time, cheapest first: those that came with the delegation, then
 * those of servers that must be looked up, then those that were silent, again.
 */
export class NameServers {
  readonly #parts: NameServersParts;
  readonly #ready: NameServer[] = [];
  readonly #nameless: Name[] = [];
  readonly #silent: NameServer[] = [];
  readonly #known = new Set<string>();

  constructor(parts: NameServersParts) {
    this.#parts = parts;
    for (const { rdata } of parts.servers.slice(0, MAX_SERVERS)) {
      const name = rdataName(rdata);
      const glue = parts.glue.filter((record) => record.name.equals(name));
      if (glue.length === 0) this.#nameless.push(name);
      else this.#add(glue.filter(({ type }) => type === Type.A || type === Type.AAAA).map((r) => r.rdata));
    }
  }

  /** The next to try; undefined when there is none now. */
  async next(): Promise<NameServer | undefined> {
    for (;;) {
      const ready = this.#ready.shift();
      if (ready !== undefined) return ready;
      const name = this.#nameless.shift();
      if (name === undefined) return this.#silent.shift();
      await this.#parts.lookUp(name, (addresses) => this.#add(addresses));
    }
  }

  /** `server` did not answer: it may be tried again, after the others. */
  wasSilent({ address, attempt }: NameServer): void {
    if (attempt + 1 < MAX_ATTEMPTS) this.#silent.push({ address, attempt: attempt + 1 });
  }

  #add(addresses: readonly Uint8Array[]): void {
    for (const octets of addresses.slice(0, MAX_ADDRESSES)) {
      const address = addressToText(octets);
      if (this.#known.has(address)) continue;
      this.#known.add(address);
      if (this.#parts.mayAsk(octets)) this.#ready.push({ address, attempt: 0 });
    }
  }
}
