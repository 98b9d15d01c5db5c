import { Rcode } from '../../dns/codes.ts';
import { lowerCase, MAX_NAME_LENGTH, Name } from '../../dns/name.ts';
import { syntheticSoa } from '../../dns/soa.ts';
import { classifyLabel, type PublicKey } from '../../pkarr/public-key.ts';
import { type RecordsAnswer, recordsAnswer, toRecords } from '../answer.ts';
import type { Layer } from '../query.ts';
import { INTERNAL, keyOf, renamed } from './suffix.ts';

/** Seconds that an answer for a petname may be kept: the name may mean another key tomorrow, and nobody tells clients. */
const PETNAME_TTL = 60;

/** A name of one's own for a key, as it is kept: `alice` and the text of the key. */
export interface PetnameEntry {
  readonly label: string;
  readonly key: string;
}

/** A petname in a question. */
export interface FoundPetname {
  readonly key: PublicKey;
  /** `alice.internal`. */
  readonly domain: Name;
}

/** The petnames of this moment. */
export class Petnames {
  /** By label, in lower case. */
  #keys: ReadonlyMap<string, PublicKey> = new Map();

  constructor(entries: readonly PetnameEntry[] = []) {
    this.replace(entries);
  }

  /**
   * Has these from now on. What is no key, or no label, is left out.
   * @returns the names, such as `alice.internal`, that mean something else now.
   */
  replace(entries: readonly PetnameEntry[]): readonly Name[] {
    const before = this.#keys;
    const keys = new Map<string, PublicKey>();
    for (const { label, key } of entries) {
      const found = classifyLabel(key);
      if (found.kind === 'key' && Name.tryParse(label)?.labels.length === 1)
        keys.set(lowerCase(label), found.key);
    }
    this.#keys = keys;
    return [...new Set([...before.keys(), ...keys.keys()])]
      .filter((label) => before.get(label)?.text !== keys.get(label)?.text)
      .map((label) => INTERNAL.child(label));
  }

  /** The petname that `name` is, or is below. */
  find(name: Name): FoundPetname | undefined {
    if (this.#keys.size === 0 || !name.isWithin(INTERNAL)) return undefined;
    const key = this.#keys.get(lowerCase(name.labels.at(-2) ?? ''));
    return key && { key, domain: name.ancestor(2) };
  }

  /** The key whose packet answers for `name`: the key that it ends in, or has before one of the suffixes, or that its petname means. */
  keyBehind(name: Name, suffixes: readonly Name[]): PublicKey | undefined {
    return keyOf(name, suffixes) ?? this.find(name)?.key;
  }

  /** The names that mean `key`. */
  namesOf(key: PublicKey): readonly Name[] {
    if (this.#keys.size === 0) return [];
    return [...this.#keys].flatMap(([label, { text }]) => (text === key.text ? [INTERNAL.child(label)] : []));
  }
}

/** What answering petnames depends on. */
export interface PetnameOptions {
  readonly petnames: Petnames;
  /** The domain of the route that is configured for a name. */
  readonly routeOf: (name: Name) => Name | undefined;
  /** What has precedence over petnames: the hosts file, if there is one. */
  readonly before?: Layer;
}

/**
 * Answers `www.alice.internal` as `www.KEY`, with owner names as they were asked: see `answerSuffixes`. A route for a name below
 * `internal` has precedence, for it is as much the user's word; one for all of `internal` gets the names that are nobody's.
 */
export function answerPetnames({ petnames, routeOf, before }: PetnameOptions): Layer {
  return (inner) => {
    const asKey: Layer = () => ({
      async resolve(query, context) {
        const { name } = query.question;
        const found = petnames.find(name);
        if (found === undefined) return await inner.resolve(query, context);
        const { domain, key } = found;
        context.trace?.tell({ of: 'petname', petname: String(domain), key: key.text });
        // RFC 1035 §2.3.4: the key is longer than its petname, and so such a name cannot exist below it.
        if (name.wireLength - domain.wireLength + key.name.wireLength > MAX_NAME_LENGTH)
          return noRoom(domain);
        const question = { ...query.question, name: name.replaceSuffix(domain, key.name) };
        const answer = toRecords(await inner.resolve({ ...query, question }, context));
        return shortLived(renamed(answer, key.name, domain));
      },
    });
    const answering = before === undefined ? asKey(inner) : before(asKey(inner));
    return {
      async resolve(query, context) {
        const { name } = query.question;
        const isOurs =
          petnames.find(name) !== undefined && (routeOf(name)?.labels.length ?? 0) <= INTERNAL.labels.length;
        return await (isOurs ? answering : inner).resolve(query, context);
      },
    };
  };
}

function noRoom(domain: Name): RecordsAnswer {
  return recordsAnswer({ rcode: Rcode.NXDOMAIN, authorities: [syntheticSoa(domain, 0, PETNAME_TTL)] });
}

function shortLived(answer: RecordsAnswer): RecordsAnswer {
  const short = (records: RecordsAnswer['answers']) =>
    records.map((record) => (record.ttl > PETNAME_TTL ? { ...record, ttl: PETNAME_TTL } : record));
  return {
    ...answer,
    answers: short(answer.answers),
    authorities: short(answer.authorities),
    additionals: short(answer.additionals),
  };
}
