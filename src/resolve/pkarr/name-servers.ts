import { Type } from '../../dns/codes.ts';
import type { Name } from '../../dns/name.ts';
import { type ResourceRecord, type RRset, rdataName } from '../../dns/record.ts';
import { addressToText } from '../../ip/address.ts';

/** One address of one name server. */
export interface NameServer {
  /** As text. */
  readonly address: string;
  /** Number of earlier tries. */
  readonly attempt: number;
}

/** What `NameServers` depends on. */
export interface NameServersParts {
  /** The NS RRset; its owner is the zone. */
  readonly servers: RRset;
  /** Glue: A and AAAA records that came with the delegation. */
  readonly glue: readonly ResourceRecord[];
  /**
   * Looks up a server without glue. Calls `found` with addresses of 4 or 16 octets as they arrive, possibly also after
   * it has resolved; resolves when there are some, or when no more can come.
   */
  readonly lookUp: (name: Name, found: (addresses: readonly Uint8Array[]) => void) => Promise<void>;
  /** Whether the address may be queried; otherwise it is skipped. */
  readonly mayQuery: (address: Uint8Array) => boolean;
}

/** Name servers used of one zone, and addresses of one server. The largest NS sets in use have 13. */
const MAX_SERVERS = 16;
const MAX_ADDRESSES = 4;

/** Tries of one address: datagrams get lost. */
const MAX_ATTEMPTS = 3;

/**
 * The addresses of a zone's name servers, one at a time, cheapest first: glue, then addresses that must be looked up, then
 * retries of those that timed out.
 */
export class NameServers {
  readonly #parts: NameServersParts;
  readonly #ready: NameServer[] = [];
  readonly #unresolved: Name[] = [];
  readonly #timedOut: NameServer[] = [];
  readonly #known = new Set<string>();

  constructor(parts: NameServersParts) {
    this.#parts = parts;
    for (const { rdata } of parts.servers.slice(0, MAX_SERVERS)) {
      const name = rdataName(rdata);
      const glue = parts.glue.filter((record) => record.name.equals(name));
      if (glue.length === 0) this.#unresolved.push(name);
      else this.#add(glue.filter(({ type }) => type === Type.A || type === Type.AAAA).map((r) => r.rdata));
    }
  }

  /** The next server to try; undefined when there is none at the moment. */
  async next(): Promise<NameServer | undefined> {
    for (;;) {
      const ready = this.#ready.shift();
      if (ready !== undefined) return ready;
      const name = this.#unresolved.shift();
      if (name === undefined) return this.#timedOut.shift();
      await this.#parts.lookUp(name, (addresses) => this.#add(addresses));
    }
  }

  /** Notes that `server` timed out: it may be tried again, after the others. */
  timedOut({ address, attempt }: NameServer): void {
    if (attempt + 1 < MAX_ATTEMPTS) this.#timedOut.push({ address, attempt: attempt + 1 });
  }

  #add(addresses: readonly Uint8Array[]): void {
    for (const octets of addresses.slice(0, MAX_ADDRESSES)) {
      const address = addressToText(octets);
      if (this.#known.has(address)) continue;
      this.#known.add(address);
      if (this.#parts.mayQuery(octets)) this.#ready.push({ address, attempt: 0 });
    }
  }
}
