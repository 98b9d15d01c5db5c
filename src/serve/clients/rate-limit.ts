import { LazyLru } from '../../async/lazy-lru.ts';
import { type Rate, TokenBucket, TokenBuckets } from '../../async/token-bucket.ts';
import { addressOctets } from '../../ip/address.ts';
import { ipClass } from '../../ip/address-class.ts';
import { ipv4ToText } from '../../ip/text.ts';

/**
 * What happens to a query. `truncate`, over UDP: an empty reply with TC, no larger than the query. A real client then asks
 * over TCP; one with a forged address cannot. `drop`: no reply, and over TCP the connection ends.
 */
export type RateVerdict = 'answer' | 'truncate' | 'drop';

/** The rate limit of one client. */
export interface ClientRateLimitOptions {
  /** Answers over UDP. As many again are truncated, the rest is dropped; TCP has the same rate, counted separately. */
  readonly rate: Rate;
  /** Maximum number of clients; the one that has been silent longest is forgotten first. */
  readonly maxClients: number;
  /** A monotonic clock, in milliseconds. */
  readonly now: () => number;
}

/** The default maximum number of clients; about two megabytes. */
export const DEFAULT_MAX_CLIENTS = 8192;

/**
 * A rate limit for each client. This machine has none: its programs cannot be told apart, and one that wants to do harm has
 * other means.
 */
export class ClientRateLimit {
  readonly #now: () => number;
  readonly #answers: TokenBuckets;
  readonly #truncations: TokenBuckets;
  /** Separate, since forged datagrams must not use up the rate of a client whose address TCP has verified. */
  readonly #streamAnswers: TokenBuckets;
  readonly #keys: ClientKeys;
  /** The last client without a limit, as in `AccessList`. */
  #lastUnbounded: string | undefined;

  constructor({ rate, maxClients, now }: ClientRateLimitOptions) {
    this.#now = now;
    this.#answers = new TokenBuckets(rate, maxClients);
    this.#truncations = new TokenBuckets(rate, maxClients);
    this.#streamAnswers = new TokenBuckets(rate, maxClients);
    this.#keys = new ClientKeys(maxClients);
  }

  /** What happens to a query that just came from `address`. */
  verdict(address: string, isStream: boolean): RateVerdict {
    if (this.takeAnswer(address, isStream)) return 'answer';
    if (isStream) return 'drop';
    const key = this.#keys.keyOf(address);
    return key !== undefined && this.#truncations.take(key, this.#now()) ? 'truncate' : 'drop';
  }

  /** Takes a token for one answer to the client at `address`; false when there is none. */
  takeAnswer(address: string, isStream: boolean): boolean {
    if (address === this.#lastUnbounded) return true;
    const key = this.#keys.keyOf(address);
    if (key === undefined) {
      this.#lastUnbounded = address;
      return true;
    }
    return (isStream ? this.#streamAnswers : this.#answers).take(key, this.#now());
  }
}

/** Rate limits for lookups of keys that are not cached. */
export interface ColdKeyLimitOptions {
  /** For all clients together, this machine included: a lookup sends dozens of datagrams to strangers. */
  readonly total: Rate;
  /** For one client, other than this machine. */
  readonly perClient: Rate;
  /** Octets of an IPv6 address by which clients are told apart: see `clientKey`. */
  readonly octetsOfIpv6?: number;
  /** As in `ClientRateLimitOptions`. */
  readonly maxClients: number;
  /** A monotonic clock, in milliseconds. */
  readonly now: () => number;
}

/** Limits lookups of keys, for each client and for all together, so that one client cannot use up the total. */
export class ColdKeyLimit {
  readonly #options: ColdKeyLimitOptions;
  readonly #total: TokenBucket;
  readonly #clients: TokenBuckets;

  constructor(options: ColdKeyLimitOptions) {
    this.#options = options;
    this.#total = new TokenBucket(options.total, options.now());
    this.#clients = new TokenBuckets(options.perClient, options.maxClients);
  }

  /**
   * Whether a lookup may begin now for the client at `address`, undefined for the program itself. A refusal takes no token
   * of either limit.
   */
  take(address: string | undefined): boolean {
    const now = this.#options.now();
    const key = address === undefined ? undefined : clientKey(address, this.#options.octetsOfIpv6);
    const bucket = key === undefined ? undefined : this.#clients.of(key, now);
    if (bucket !== undefined && !bucket.has(now)) return false;
    if (!this.#total.take(now)) return false;
    bucket?.take(now);
    return true;
  }
}

/** Keys of clients; those of IPv6 addresses are cached. */
class ClientKeys {
  readonly #ipv6: LazyLru<string, { readonly key: string | undefined }>;

  constructor(max: number) {
    this.#ipv6 = new LazyLru(max);
  }

  /** As `clientKey`. */
  keyOf(address: string): string | undefined {
    if (!address.includes(':')) return clientKey(address);
    let known = this.#ipv6.get(address);
    if (known === undefined) {
      known = { key: clientKey(address) };
      this.#ipv6.set(address, known);
    }
    return known.key;
  }
}

/**
 * What counts as one client: an IPv4 address; the first 56 bits of an IPv6 address, or `octetsOfIpv6`, since a site has a prefix
 * between /48 and /64 (RFC 6177 §2); a whole link-local address, since all hosts of a link share the prefix. Undefined for this machine.
 * `address` is as a socket writes it.
 */
export function clientKey(address: string, octetsOfIpv6 = 7): string | undefined {
  if (!address.includes(':')) return address.startsWith('127.') ? undefined : address;
  const octets = addressOctets(address);
  // Not an address, so from no socket of ours; all such share one limit.
  if (octets === undefined) return '';
  if (octets.length === 4) return clientKey(ipv4ToText(octets));
  const addressClass = ipClass(octets);
  if (addressClass === 'loopback') return undefined;
  const counted = addressClass === 'link-local' ? octets : octets.subarray(0, octetsOfIpv6);
  return `:${Buffer.from(counted).toString('latin1')}`;
}

/** No limit for any client. */
export const unlimited: Pick<ClientRateLimit, 'verdict' | 'takeAnswer'> = {
  verdict: () => 'answer',
  takeAnswer: () => true,
};
