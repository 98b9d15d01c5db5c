import { Class, Rcode, Type } from '../../dns/codes.ts';
import { type ExtendedError, ExtendedErrorCode } from '../../dns/extended-error.ts';
import { Name } from '../../dns/name.ts';
import type { Question } from '../../dns/question.ts';
import type { ResourceRecord } from '../../dns/record.ts';
import { syntheticSoa } from '../../dns/soa.ts';
import type { Fact } from '../../way/fact.ts';
import { type RecordsAnswer, recordsAnswer } from '../answer.ts';
import type { Layer, Query } from '../query.ts';
import { classifySpecial, type SpecialName } from './special-names.ts';

/** What special-use handling depends on besides the table of names. */
export interface SpecialUseOptions {
  /** Whether a route is configured for this name or for a domain above it. */
  readonly hasRoute: (name: Name) => boolean;
}

/** Seconds. RFC 6303 §3 has 10800 for its empty zones; these answers never change. */
const FIXED_TTL = 10_800;

/** Seconds. Short, because a route may be added while clients cache the negative answer. */
const ROUTABLE_TTL = 300;

/**
 * Answers names that never leave the machine: special-use names (RFC 6761 and later) and private reverse zones. Ordinary
 * names go on to `inner`, and so do names with a route where their rule allows it.
 */
export function specialUse({ hasRoute }: SpecialUseOptions): Layer {
  return (inner) => ({
    async resolve(query, context) {
      const { name } = query.question;
      const special = specialRule(name, hasRoute);
      if (special === undefined || isForParent(special, query)) return await inner.resolve(query, context);
      const ruled = context.aliasesFollowed > 0 ? forAlias(special) : special;
      context.trace?.tell(specialFact(ruled));
      return answerSpecial(ruled, query.question);
    },
  });
}

/** The rule by which `name` is answered here; undefined for ordinary names, and where a route takes precedence. */
export function specialRule(name: Name, hasRoute: SpecialUseOptions['hasRoute']): SpecialName | undefined {
  const special = classifySpecial(name);
  if (special === undefined) return undefined;
  return 'mayBeRouted' in special && special.mayBeRouted && hasRoute(name) ? undefined : special;
}

/** A rule as a fact of a trace. */
export function specialFact(special: SpecialName): Fact {
  return {
    of: 'special',
    zone: String(special.zone),
    ...('text' in special && { text: special.text }),
  };
}

/** The rule for a name to which an alias led. */
function forAlias(special: SpecialName): SpecialName {
  const isOther = 'aliasText' in special && special.aliasText !== undefined;
  return isOther ? { ...special, text: special.aliasText } : special;
}

/** The answer to a class IN question for a special name without a route. Pure. */
function answerSpecial(special: SpecialName, question: Question): RecordsAnswer {
  switch (special.kind) {
    case 'localhost':
      return found(loopbackAddress(question)) ?? noData(special.zone, FIXED_TTL);
    case 'no-data':
      return noData(special.zone, FIXED_TTL);
    case 'loopback-reverse':
      return answerLoopbackReverse(special.zone, special.localhost, question);
    case 'private-zone':
      return answerEmptyZone(special.zone, question, ROUTABLE_TTL, explained(special.text));
    case 'no-such-name': {
      const { ttl = special.mayBeRouted ? ROUTABLE_TTL : FIXED_TTL } = special;
      return noSuchName(special.zone, ttl, explained(special.text));
    }
  }
}

/**
 * The DS records of a zone are its parent's (RFC 4035 §3.1.4.1), and the parents of private zones are public. RFC 8375
 * §4, item 4, of home.arpa: "a query for a DS record with the DO bit set MUST return the correct answer for that
 * question, including correct information in the authority section that proves that the record is nonexistent"; without that
 * proof a validator behind us would treat every answer from a private zone as bogus. The other private zones are
 * delegated unsigned for the same reason. Such a question reveals nothing about anybody's network.
 */
function isForParent(special: SpecialName, { question, dnssecOk }: Query): boolean {
  return (
    special.kind === 'private-zone' &&
    dnssecOk &&
    question.type === Type.DS &&
    question.name.equals(special.zone)
  );
}

/** RFC 6761 §6.3, item 4: caching servers answer address queries with loopback, and all others with a negative answer. */
function loopbackAddress({ name, type }: Question): ResourceRecord | undefined {
  if (type !== Type.A && type !== Type.AAAA) return undefined;
  const rdata = type === Type.A ? Uint8Array.of(127, 0, 0, 1) : new Uint8Array(16).fill(1, 15);
  return record(name, type, rdata);
}

function answerLoopbackReverse(zone: Name, localhost: Name, question: Question): RecordsAnswer {
  const { name, type } = question;
  if (name.equals(localhost) && type === Type.PTR) {
    return recordsAnswer({ answers: [record(name, Type.PTR, Name.parse('localhost').toWire())] });
  }
  // RFC 8020 §2: a name with names below it exists, so the answer is not NXDOMAIN.
  const exists = localhost.isWithin(name) && !name.equals(zone);
  return exists ? noData(zone, FIXED_TTL) : answerEmptyZone(zone, question, FIXED_TTL, []);
}

/** RFC 6303 §3: a zone with only SOA and NS records. */
function answerEmptyZone(
  zone: Name,
  { name, type }: Question,
  ttl: number,
  extendedErrors: readonly ExtendedError[],
): RecordsAnswer {
  if (!name.equals(zone)) return noSuchName(zone, ttl, extendedErrors);
  const soa = syntheticSoa(zone, SERIAL, ttl);
  if (type === Type.SOA) return recordsAnswer({ answers: [{ ...soa, name }] });
  // §3: "@ 10800 IN NS @".
  if (type === Type.NS) return recordsAnswer({ answers: [{ ...record(name, Type.NS, zone.toWire()), ttl }] });
  return recordsAnswer({ authorities: [soa], extendedErrors });
}

/** RFC 6303 §3: "@ 10800 IN SOA @ nobody.invalid. 1 3600 1200 604800 10800". */
const SERIAL = 1;

function found(answer: ResourceRecord | undefined): RecordsAnswer | undefined {
  return answer && recordsAnswer({ answers: [answer] });
}

function noData(zone: Name, ttl: number): RecordsAnswer {
  return recordsAnswer({ authorities: [syntheticSoa(zone, SERIAL, ttl)] });
}

function noSuchName(zone: Name, ttl: number, extendedErrors: readonly ExtendedError[]): RecordsAnswer {
  const authorities = [syntheticSoa(zone, SERIAL, ttl)];
  return recordsAnswer({ rcode: Rcode.NXDOMAIN, authorities, extendedErrors });
}

function record(name: Name, type: number, rdata: Uint8Array): ResourceRecord {
  return { name, type, class: Class.IN, ttl: FIXED_TTL, rdata };
}

function explained(text: string): readonly ExtendedError[] {
  // RFC 8914 §4 has no code for reserved names; 0 is Other, explained by the text.
  return [{ code: ExtendedErrorCode.OTHER, text }];
}
