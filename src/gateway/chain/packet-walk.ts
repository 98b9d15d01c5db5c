import { Class, Type } from '../../dns/codes.ts';
import type { Name } from '../../dns/name.ts';
import { type RRset, rdataName } from '../../dns/record.ts';
import { classifyLabel, type PublicKey } from '../../pkarr/public-key.ts';
import type { SignedPacket } from '../../pkarr/signed-packet.ts';
import { lookupZone } from '../../pkarr/zone/zone.ts';
import { GatewayFailure } from '../failure/failure.ts';
import { MAX_ALIASES, MAX_KEYS } from '../limits.ts';
import { LookupError, type Lookups } from '../lookups.ts';

/** How a chain of aliases came to where it is. */
export interface Trail {
  /** The packets on the way, each signed by the key that the one before names. The last one's key is the key that counts. */
  readonly packets: readonly SignedPacket[];
  /** Aliases followed, 0 to 16. */
  readonly aliases: number;
}

/** Where a chain of aliases ends. */
export type Place = { readonly trail: Trail; readonly name: Name } & (
  | { readonly kind: 'records'; readonly records: RRset }
  /** The packet has no such records. */
  | { readonly kind: 'none' }
  /** An ordinary name, or one that the packet delegates to name servers: nothing after it is signed, and nothing counts. */
  | { readonly kind: 'outside' }
);

/** The start of every chain. */
export const noTrail: Trail = { packets: [], aliases: 0 };

/** The last key of a trail; undefined before the first packet. */
export function lastKey({ packets }: Trail): PublicKey | undefined {
  return packets.at(-1)?.key;
}

/** Follows signed aliases from packet to packet. One for each request: it reads the packet of a key once. */
export class PacketWalk {
  readonly #lookups: Lookups;
  readonly #signal: AbortSignal;
  readonly #read = new Map<string, Promise<SignedPacket>>();

  /** An aborted `signal` ends every lookup. */
  constructor(lookups: Lookups, signal: AbortSignal) {
    this.#lookups = lookups;
    this.#signal = signal;
  }

  /**
   * Follows CNAME and DNAME records from `name` to the end, whether it is in this packet, in another key's, or outside.
   * @throws GatewayFailure, and the reason of the signal.
   */
  async follow(start: Name, type: number, trail: Trail): Promise<Place> {
    let name = start;
    let { packets, aliases } = trail;
    for (;;) {
      const last = classifyLabel(name.labels.at(-1) ?? '');
      if (last.kind === 'refused') throw new GatewayFailure('bad-target', last.text);
      if (last.kind === 'not-a-key') return { kind: 'outside', name, trail: { packets, aliases } };
      const packet = await this.#packet(last.key);
      if (packets.at(-1) !== packet) packets = [...packets, packet];
      const question = { name, type, class: Class.IN };
      const answer = lookupZone(packet, question, { maxSteps: MAX_ALIASES - aliases });
      aliases += answer.steps;
      const common = { name, trail: { packets, aliases } };
      switch (answer.kind) {
        case 'answer':
          return { ...common, kind: 'records', records: answer.records, name: answer.records[0].name };
        case 'no-data':
        case 'name-error':
          return { ...common, kind: 'none', name: endOf(answer.chain, name) };
        case 'referral':
          return { ...common, kind: 'outside', name: answer.name };
        case 'loop':
          throw new GatewayFailure('loop');
        case 'name-too-long':
          throw new GatewayFailure('bad-target');
        case 'alias':
          if (aliases > MAX_ALIASES) throw new GatewayFailure('loop');
          name = answer.target;
      }
    }
  }

  /** The trail after an alias that is not a CNAME or DNAME: AliasMode, or the target of a service. @throws GatewayFailure */
  stepped({ packets, aliases }: Trail): Trail {
    if (aliases >= MAX_ALIASES) throw new GatewayFailure('loop');
    return { packets, aliases: aliases + 1 };
  }

  /** The addresses of a name outside of packets. @throws GatewayFailure, and the reason of the signal. */
  async outside(name: Name): Promise<readonly string[]> {
    // A CNAME to the root is how some say that there is nothing.
    if (name.isRoot) return [];
    return await asFailure(this.#lookups.addresses(name, this.#signal));
  }

  #packet(key: PublicKey): Promise<SignedPacket> {
    const known = this.#read.get(key.text);
    if (known !== undefined) return known;
    if (this.#read.size === MAX_KEYS) throw new GatewayFailure('loop');
    const reading = this.#readPacket(key);
    // Whoever asked first hears of a failure; later ones get it again.
    reading.catch(() => {});
    this.#read.set(key.text, reading);
    return reading;
  }

  async #readPacket(key: PublicKey): Promise<SignedPacket> {
    const packet = await asFailure(this.#lookups.packet(key, this.#signal), key.text);
    if (packet === undefined) throw new GatewayFailure('nothing-published', key.text);
    return packet;
  }
}

function endOf(chain: readonly { readonly type: number; readonly rdata: Uint8Array }[], name: Name): Name {
  const last = chain.filter(({ type }) => type === Type.CNAME).at(-1);
  return last === undefined ? name : rdataName(last.rdata);
}

const failures = {
  offline: 'offline',
  failed: 'lookup-failed',
  unusable: 'unusable-packet',
  busy: 'busy',
  timeout: 'lookup-timeout',
  internal: 'internal',
} as const;

async function asFailure<T>(lookup: Promise<T>, detail?: string): Promise<T> {
  try {
    return await lookup;
  } catch (error) {
    if (!(error instanceof LookupError)) throw error;
    throw new GatewayFailure(failures[error.kind], detail, { cause: error });
  }
}
