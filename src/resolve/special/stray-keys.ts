import { Rcode } from '../../dns/codes.ts';
import { ExtendedErrorCode } from '../../dns/extended-error.ts';
import { Name } from '../../dns/name.ts';
import { syntheticSoa } from '../../dns/soa.ts';
import { almostKey, hasKeyText } from '../../pkarr/public-key.ts';
import { recordsAnswer } from '../answer.ts';
import type { Layer } from '../query.ts';

/** Domains that home routers and company networks give their clients as search domains; none exists in public. */
const COMMON_SEARCH_DOMAINS = ['lan', 'home', 'localdomain', 'corp', 'home.arpa'];

/** What belongs to a URL or a mail address and to no host name. */
const PASTED = /[:/@?#]/;

/**
 * Milliseconds for which a search domain counts that the system has no more: programs go on with the resolv.conf that they read
 * (Go for 5 s, browsers until they are told of another network).
 */
const GRACE = 60_000;

/** The most former search domains that are remembered; resolv.conf(5) has six of them, and no network changes each second. */
const MAX_FORMER = 64;

/** What search domains depend on. */
export interface SearchDomainOptions {
  /** Those that clients have, whatever this system has. */
  readonly clients: readonly Name[];
  /** Reads those of the system as its files are now. Never rejects. */
  readonly read: () => Promise<readonly string[]>;
  /** Milliseconds that passed, of whatever clock. */
  readonly now: () => number;
}

/**
 * The domains that stub resolvers put behind names: glibc, musl and Go ask `KEY.DOMAIN` before `KEY` when resolv.conf says
 * `search DOMAIN`. Those of this system, of clients, and the usual ones.
 */
export class SearchDomains {
  readonly #fixed: ReadonlySet<string>;
  readonly #read: () => Promise<readonly string[]>;
  readonly #now: () => number;
  #system: ReadonlySet<string> = new Set();
  /** Those that the system had, and when they were seen last; the oldest comes first. */
  readonly #former = new Map<string, number>();

  constructor({ clients, read, now }: SearchDomainOptions) {
    this.#fixed = keysOf([...COMMON_SEARCH_DOMAINS.map((text) => Name.parse(text)), ...clients]);
    this.#read = read;
    this.#now = now;
  }

  /** From now on the system has these, in presentation form; what is not a domain name is left out. */
  setSystem(texts: readonly string[]): void {
    const before = this.#system;
    this.#system = keysOf(texts.flatMap((text) => Name.tryParse(text) ?? []));
    for (const key of before) if (!this.#system.has(key)) this.#remember(key);
  }

  /** Whether `domain` is one of them, or was a moment ago, as far as is known. */
  has(domain: Name): boolean {
    const { key } = domain;
    if (this.#fixed.has(key) || this.#system.has(key)) return true;
    const seenAt = this.#former.get(key);
    return seenAt !== undefined && this.#now() - seenAt < GRACE;
  }

  /**
   * The same after a look at the files of the system: a change of the network is noticed within half a second, and programs may
   * read the new resolv.conf before that.
   */
  async hasNow(domains: readonly Name[]): Promise<Name | undefined> {
    const known = domains.find((domain) => this.has(domain));
    if (known !== undefined) return known;
    for (const text of await this.#read()) {
      const name = Name.tryParse(text);
      if (name !== undefined && !name.isRoot && !this.#system.has(name.key)) this.#remember(name.key);
    }
    return domains.find((domain) => this.has(domain));
  }

  #remember(key: string): void {
    this.#former.delete(key);
    this.#former.set(key, this.#now());
    for (const oldest of this.#former.keys()) {
      if (this.#former.size <= MAX_FORMER) break;
      this.#former.delete(oldest);
    }
  }
}

/** What keeping keys back depends on. */
export interface StrayKeyOptions {
  readonly searchDomains: SearchDomains;
  /** Domains under which keys resolve: `KEY.SUFFIX` is the key, and stub resolvers put search domains behind it too. */
  readonly suffixes: readonly Name[];
  /** Whether a route is configured for a name, or for a domain that it is in: what is almost a key may be a name of somebody's own there. */
  readonly hasRoute: (name: Name) => boolean;
  /** Seconds that clients may cache that there is no such name. */
  readonly negativeTtl: number;
}

/**
 * Answers names in which a key can only be meant as a key of its own: directly before a search domain, or before a suffix
 * and a search domain, or in a label that was pasted from a URL. Sent upstream they would show who looks for which key, and a
 * wildcard of the search domain would take the place of what the key signed. NXDOMAIN makes the stub resolver go on to the
 * key itself. A label that is almost a key is kept back like one, also at the end of a name or before a suffix: who hears of it knows the
 * key. Other names with a key in them are ordinary: `_iroh.KEY.dns.iroh.link` goes out. Names that end in a key and a suffix never
 * come here.
 */
export function keepStrayKeys(options: StrayKeyOptions): Layer {
  return (inner) => ({
    async resolve(query, context) {
      const { name } = query.question;
      const found = findAlmostKey(name, options) ?? (await findStrayKey(name, options));
      if (found === undefined) return await inner.resolve(query, context);
      context.trace?.tell({ of: 'stray-key', text: found.text });
      return recordsAnswer({
        rcode: Rcode.NXDOMAIN,
        authorities: [syntheticSoa(found.zone, 0, options.negativeTtl)],
        extendedErrors: [{ code: found.code, text: found.text }],
      });
    },
  });
}

/** What does not go out. */
interface Kept {
  /** The label with the key, and all behind it. */
  readonly zone: Name;
  readonly code: number;
  /** Why it does not go out: a sentence. */
  readonly text: string;
}

/** What ends in a label that is almost a key, or in one and a suffix. */
function findAlmostKey(name: Name, { suffixes, hasRoute }: StrayKeyOptions): Kept | undefined {
  for (const suffix of [root, ...suffixes]) {
    const count = suffix.labels.length + 1;
    const why = almostKey(name.labels.at(-count) ?? '');
    if (why === undefined || !name.isWithin(suffix) || hasRoute(name)) continue;
    const text = `Not a valid public key: ${why}.`;
    return { zone: name.ancestor(count), code: ExtendedErrorCode.OTHER, text };
  }
  return undefined;
}

const root = Name.fromLabels([]);

async function findStrayKey(
  name: Name,
  { searchDomains, suffixes, hasRoute }: StrayKeyOptions,
): Promise<Kept | undefined> {
  const { length } = name.labels;
  for (const [index, label] of name.labels.entries()) {
    const hasKey = hasKeyText(label);
    if (!hasKey && (almostKey(label) === undefined || hasRoute(name))) continue;
    const zone = name.ancestor(length - index);
    const behind = [zone.parent, ...suffixes.flatMap((suffix) => behindSuffix(zone.parent, suffix) ?? [])];
    const searched = await searchDomains.hasNow(behind);
    if (searched !== undefined) {
      const text = `A key before the search domain ${searched} is not sent upstream; ask for the key alone.`;
      return { zone, code: ExtendedErrorCode.BLOCKED, text };
    }
    if (hasKey && PASTED.test(label)) {
      const text = 'A key in a part of a URL is not sent upstream; ask for the key alone.';
      return { zone, code: ExtendedErrorCode.BLOCKED, text };
    }
  }
  return undefined;
}

/** What follows `suffix` in a domain that begins with it. */
function behindSuffix(domain: Name, suffix: Name): Name | undefined {
  const count = suffix.labels.length;
  if (count >= domain.labels.length) return undefined;
  const first = Name.fromLabels(domain.labels.slice(0, count));
  return first.equals(suffix) ? domain.ancestor(domain.labels.length - count) : undefined;
}

function keysOf(domains: readonly Name[]): ReadonlySet<string> {
  // The root is what systemd writes for "no search domain", and a key before it is a key.
  return new Set(domains.filter(({ isRoot }) => !isRoot).map(({ key }) => key));
}
