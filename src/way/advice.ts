import type { ExtendedError } from '../dns/extended-error.ts';
import type { Fact, FailureReason, FilterReason, RefusalReason, TimedFact } from './fact.ts';

/** What was answered, as far as advice depends on it. */
export interface AnsweredWith {
  readonly facts: readonly TimedFact[];
  /** `NXDOMAIN`. */
  readonly rcode: string;
  readonly extendedErrors: readonly ExtendedError[];
  /** There are records of the type that was asked for. */
  readonly isGood: boolean;
}

/** What to do, as sentences: nothing where all is well, or where nobody can do anything. */
export function adviceOn({ facts, rcode, extendedErrors, isGood }: AnsweredWith): readonly string[] {
  const advised = inPlace(facts).flatMap(([fact, place]) => {
    const advice = adviceOf(fact, place);
    return advice === undefined ? [] : [{ fact, advice }];
  });
  const found = advised.map(({ advice }) => advice);
  const isExplained = advised.some(({ fact }) => fact.of !== 'cache');
  if (isGood || isExplained) return unique(found);
  return unique([...adviceOnUpstream({ facts, rcode, extendedErrors }), ...found]);
}

/** What upstreams say themselves: by their extended errors, or else by their RCODE. */
function adviceOnUpstream({ facts, rcode, extendedErrors }: Omit<AnsweredWith, 'isGood'>): readonly string[] {
  const isFromUpstream = facts.some((fact) => fact.of === 'upstream' && fact.outcome === 'answered');
  const isFromCache = facts.some(({ of }) => of === 'cache') && !facts.some(({ of }) => of === 'upstream');
  const wasFromUpstream = facts.some((fact) => fact.of === 'upstreams' && fact.isEarlier === true);
  const byTheirs: Readonly<Record<number, string>> = {
    ...((isFromUpstream || isFromCache) && bySignature),
    ...((isFromUpstream || wasFromUpstream) && byPolicy),
    ...(isFromUpstream && byReach),
  };
  const found = extendedErrors.flatMap(({ code }) => byTheirs[code] ?? []);
  if (found.length > 0) return found;
  // A failure of our own that is in the cache has an extended error.
  if (!isFromUpstream && (!isFromCache || extendedErrors.length > 0)) return [];
  const advice = byRcode(bare(facts.find((fact) => fact.of === 'question')?.name ?? 'NAME'))[rcode];
  return advice === undefined ? [] : [advice];
}

/** What an upstream means that gives no answer and no reason. */
const byRcode = (name: string): Readonly<Record<string, string>> => {
  const elsewhere = `See what another resolver says: pkarrd query @SERVER ${name}.`;
  return {
    SERVFAIL: `The upstream found no answer: the name servers of the domain may be down, or its signatures wrong (DNSSEC). ${elsewhere} If that has an answer, name another upstream; if not, only the owner of the domain can mend it.`,
    REFUSED: `The resolver that was asked refuses: it may not serve this machine, or not this name. ${elsewhere} If that has an answer, name another upstream.`,
    NOTIMP: `The upstream does not know such questions. ${elsewhere} If that has an answer, name another upstream.`,
    FORMERR: `The upstream takes the question for malformed, so it is very old, or something on the way changes questions. ${elsewhere} An encrypted upstream, upstream = ["tls://…"], gets them as they are.`,
  };
};

/** Where on the way a fact is; names without their final dot. */
interface Place {
  /** What was asked for first. */
  readonly first: string;
  /** What the fact is about, which an alias may have led to. */
  readonly name: string;
  readonly isAlias: boolean;
  /** What people call the key: its petname, or the key. */
  readonly key: string;
}

/** Each fact with its place. */
function inPlace(facts: readonly Fact[]): readonly (readonly [Fact, Place])[] {
  let place: Place = { first: 'NAME', name: 'NAME', isAlias: false, key: 'KEY' };
  let isFirst = true;
  return facts.map((fact) => {
    if (fact.of === 'question') {
      const name = bare(fact.name);
      const key = name.split('.').at(-1) ?? name;
      place = { first: isFirst ? name : place.first, name, isAlias: fact.why === 'alias', key };
      isFirst = false;
    }
    if (fact.of === 'petname') place = { ...place, key: bare(fact.petname) };
    if (fact.of === 'suffix') place = { ...place, key: bare(fact.name).split('.').at(-1) ?? place.key };
    return [fact, place] as const;
  });
}

function adviceOf(fact: Fact, { first, name, isAlias, key }: Place): string | undefined {
  switch (fact.of) {
    case 'failure':
      return failures[fact.kind];
    case 'refused':
      return refusals[fact.why];
    case 'bad-key':
      return 'Copy the key again: one character that is wrong, left out or doubled makes it none.';
    case 'stray-key':
      return 'Nothing: the program that asked goes on to the key itself. To look at that answer, ask for the key alone.';
    case 'special':
      // Whoever owns a key must not find out, or decide, what the names of this machine mean.
      if (fact.zone === 'internal.' && isAlias)
        return 'Only the owner of the alias can mend that: an alias never leads to a petname, also where there is one.';
      if (fact.zone === 'internal.')
        return `If it is meant as a petname, give it to a key: pkarrd name add ${name.split('.').at(-2)} KEY. pkarrd name list shows those that there are.`;
      return fact.text?.includes('no route') === true
        ? `If a resolver of this network knows such names, say so in the configuration: upstream = ["/${bare(fact.zone)}/ADDRESS"].`
        : undefined;
    case 'packet':
      return packetAdvice(fact);
    case 'zone':
      return fact.outcome === 'name-error'
        ? `See which names the key has: pkarrd resolve ${key}. Only its owner can add one.`
        : undefined;
    case 'filtered':
      return filters(name)[fact.why];
    case 'portal':
      return 'Open any page in a browser and log in to the network.';
    case 'cache':
      return fact.state === 'failure' || fact.state === 'stale'
        ? `To have it asked anew at once: pkarrd flush ${first}.`
        : undefined;
    default:
      return undefined;
  }
}

function packetAdvice(fact: Extract<Fact, { of: 'packet' }>): string | undefined {
  if (fact.outcome === 'absent')
    return 'Compare the key with its source. If it is right, its owner has to publish again: a packet is gone from the network some days after it was put there last.';
  if (fact.outcome === 'found' && fact.isStale === true)
    return 'See whether the DHT is connected: pkarrd status. Until somebody confirms the packet it may be out of date.';
  return undefined;
}

const filters = (name: string): Readonly<Record<FilterReason, string>> => ({
  rebinding: `If the name is meant to have this address, allow it in the configuration: rebinding-allow = ["${name}"].`,
  'packet-loopback':
    'If keys may name services of this machine itself, say so in the configuration: pkarr-loopback = "allow".',
  'packet-malformed':
    'Only the owner of the key can mend that, by publishing the record with a right address.',
  'packet-private':
    'If keys may name machines of your own network, say so in the configuration: pkarr-private = "allow".',
});

const refusals: Readonly<Record<RefusalReason, string | undefined>> = {
  stranger: 'Add the network of this client to allow-from in the configuration.',
  'too-often': 'Ask less often, or raise client-rate in the configuration.',
  malformed: 'The query is not one that DNS knows: see what the program sends.',
  loop: 'Name another upstream: this one sends our questions back to us. pkarrd doctor says why.',
  'no-recursion': 'Ask with the RD bit, as every program does that wants an answer.',
};

const failures: Readonly<Record<FailureReason, string | undefined>> = {
  'alias-loop':
    'Only the owners of these names can mend that: one of the aliases (CNAME) has to lead somewhere else.',
  'too-many-keys':
    'Only the owners of these names can mend that: aliases should lead over fewer keys, to where the records are.',
  delegation:
    'Only the owner of the key can mend that: its NS records have to name servers that answer for the zone, with their addresses.',
  'packet-unreachable':
    'See whether the DHT is connected: pkarrd status. Where the network lets no UDP out, name a relay in the configuration: relay = ["https://…"].',
  'packet-unusable': 'Only the owner of the key can mend that, by publishing a zone of DNS records.',
  'no-upstream':
    'Name upstreams in the configuration, such as upstream = ["9.9.9.9"], or connect to a network that has a resolver.',
  'upstream-silent':
    'See whether this machine reaches the network. If it does, name other upstreams in the configuration, or a fallback; pkarrd status shows how each does.',
  'upstream-network':
    'See whether this machine reaches the network, and whether the upstreams are written correctly; pkarrd status shows how each does.',
  'upstream-malformed':
    'Something between here and the upstreams may change what they say. Use an encrypted one: upstream = ["tls://…"].',
  busy: 'Try again in a moment.',
  'out-of-time': 'Try again: what was found by then is kept, and the next attempt goes on from there.',
  internal: 'That is a bug of pkarrd. Its log has the details; please report it.',
};

/** By INFO-CODE (RFC 8914 §4), for what validators say of signatures: no failure of our own has these. */
const bySignature: Readonly<Record<number, string>> = {
  6: bogus(),
  7: bogus(),
  8: bogus(),
  9: bogus(),
  10: bogus(),
  11: bogus(),
  12: bogus(),
};

/** Whether an INFO-CODE tells of signatures, which only upstreams check. */
export function isOfSignature(code: number): boolean {
  return code in bySignature;
}

/** The same for answers that somebody changed on purpose, which we do too: `filtered` says so then. */
const byPolicy: Readonly<Record<number, string>> = {
  4: 'The upstream gave another answer than the owner of the name did. If that is not wanted, name another upstream.',
  15: blocked(),
  16: blocked(),
  17: blocked(),
};

/** The same for name servers that upstreams do not reach, as we do not reach upstreams. */
const byReach: Readonly<Record<number, string>> = {
  22: 'The name servers of the domain do not answer the upstream. Try again later, or ask its owner.',
  23: 'The name servers of the domain cannot be reached by the upstream. Try again later, or ask its owner.',
};

function bogus(): string {
  return 'The domain is signed and its signatures are wrong (DNSSEC), so no honest resolver answers. Only its owner can mend that.';
}

function blocked(): string {
  return 'The upstream blocks this name. If that is not wanted, name another upstream, or a route for this domain.';
}

function unique(sentences: readonly string[]): readonly string[] {
  return [...new Set(sentences)];
}

function bare(name: string): string {
  return name.replace(/\.$/, '');
}
