import { LRUCache } from 'lru-cache';
import { type Rate, TokenBucket, TokenBuckets } from '../async/token-bucket.ts';
import { addressOctets } from '../ip/address.ts';
import { ipClass } from '../ip/address-class.ts';
import { ipv4ToText } from '../ip/text.ts';

/**
 * What becomes of a query. `truncate`: over UDP a reply of the question alone with TC, no larger than the query, which
 * a client that is what it says follows up over TCP, and one with a forged address does not. `drop`: no reply; over TCP
 * the end of the connection.
 */
export type RateVerdict = 'answer' | 'truncate' | 'drop';

/** How much one client may ask. */
export interface ClientRateLimitOptions {
  /** Answers over UDP. As many again are shed with TC, the rest is dropped; TCP has the same rate of its own. */
  readonly rate: Rate;
  /** Clients remembered; when there are more, the one that has been silent longest is forgotten. */
  readonly maxClients: number;
  /** Milliseconds, never going back. */
  readonly now: () => number;
}

/** Clients that are remembered by default: two megabytes or so. */
export const DEFAULT_MAX_CLIENTS = 8192;

/**
 * A bound for each client on what it gets. This machine itself has none: programs on it cannot be told apart, and
 * whoever floods from here has other means.
 */
export class ClientRateLimit {
  readonly #now: () => number;
  readonly #answers: TokenBuckets;
  readonly #truncations: TokenBuckets;
  /** Over a stream the address is proved, and forged datagrams must not use up what it may ask there. */
  readonly #streamAnswers: TokenBuckets;
  readonly #keys: ClientKeys;
  /** Who was without a bound last, as in `AccessList`. */
  #lastUnbounded: string | undefined;

  constructor({ rate, maxClients, now }: ClientRateLimitOptions) {
    this.#now = now;
    this.#answers = new TokenBuckets(rate, maxClients);
    this.#truncations = new TokenBuckets(rate, maxClients);
    this.#streamAnswers = new TokenBuckets(rate, maxClients);
    this.#keys = new ClientKeys(maxClients);
  }

  /** What becomes of a query from `address` that came now, over a stream or in a datagram. */
  verdict(address: string, path: { readonly stream: boolean }): RateVerdict {
    if (this.takeAnswer(address, path.stream)) return 'answer';
    if (path.stream) return 'drop';
    const key = this.#keys.keyOf(address);
    return key !== undefined && this.#truncations.take(key, this.#now()) ? 'truncate' : 'drop';
  }

  /** Takes one answer from what the client at `address` may have; false when it may have none now. */
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

/** How many keys may be looked up that are not at hand. */
export interface ColdKeyLimitOptions {
  /** For all clients together, this machine's programs too: a lookup sends some dozens of datagrams to strangers. */
  readonly total: Rate;
  /** For one client, other than this machine. */
  readonly perClient: Rate;
  /** As in `ClientRateLimitOptions`. */
  readonly maxClients: number;
  /** Milliseconds, never going back. */
  readonly now: () => number;
}

/** A bound on lookups of keys, for each client and for all: one of them may not use up what is there for all. */
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
   * Whether a lookup may begin now for the client at `address`; undefined when it is for this program itself. What is
   * refused costs nothing of either bound.
   */
  take(address: string | undefined): boolean {
    const now = this.#options.now();
    const key = address === undefined ? undefined : clientKey(address);
    const bucket = key === undefined ? undefined : this.#clients.of(key, now);
    if (bucket !== undefined && !bucket.has(now)) return false;
    if (!this.#total.take(now)) return false;
    bucket?.take(now);
    return true;
  }
}

/** The keys of clients, those that cost some work remembered. */
class ClientKeys {
  readonly #ipv6: LRUCache<string, { readonly key: string | undefined }>;

  constructor(max: number) {
    this.#ipv6 = new LRUCache({ max });
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
 * What counts as one client: an IPv4 address; the first 56 bits of an IPv6 address, for a site has that many addresses
 * to ask from (RFC 6177 §2 has sites between /48 and /64); a link-local address whole, for all of a link share its bits.
 * Undefined for this machine. `address` is as a socket writes it.
 */
export function clientKey(address: string): string | undefined {
  if (!address.includes(':')) return address.startsWith('127.') ? undefined : address;
  const octets = addressOctets(address);
  // What is no address came from no socket; such share one bound.
  if (octets === undefined) return '';
  if (octets.length === 4) return clientKey(ipv4ToText(octets));
  const addressClass = ipClass(octets);
  if (addressClass === 'loopback') return undefined;
  const counted = addressClass === 'link-local' ? octets : octets.subarray(0, 7);
  return `:${Buffer.from(counted).toString('latin1')}`;
}

/** No limit for anybody. */
export const unlimited: Pick<ClientRateLimit, 'verdict' | 'takeAnswer'> = {
  verdict: () => 'answer',
  takeAnswer: () => true,
};
