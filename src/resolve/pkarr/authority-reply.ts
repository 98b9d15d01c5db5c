import { Class, Rcode, rcodeToText, Type } from '../../dns/codes.ts';
import { redirect } from '../../dns/dname.ts';
import type { Message } from '../../dns/message.ts';
import type { Name } from '../../dns/name.ts';
import type { Question } from '../../dns/question.ts';
import { type ResourceRecord, type RRset, rdataName } from '../../dns/record.ts';
import { isSignatureOver, signaturesOver } from '../../dns/rrsig.ts';
import { negativeSoa } from '../../dns/soa.ts';
import { MAX_ALIASES } from '../alias-limit.ts';

/** What an authoritative server's reply means. A closed list. */
export type AuthorityVerdict =
  /** The answer, which may be negative. */
  | {
      readonly kind: 'answer';
      readonly rcode: number;
      readonly answers: readonly ResourceRecord[];
      readonly authorities: readonly ResourceRecord[];
      readonly additionals: readonly ResourceRecord[];
    }
  /** The resolution goes on with `target`, after the records of `chain`, which contain `steps` aliases. */
  | {
      readonly kind: 'alias';
      readonly chain: readonly ResourceRecord[];
      readonly target: Name;
      readonly steps: number;
    }
  /** Servers of a zone further down have the answer; that zone is the owner of `servers`. */
  | { readonly kind: 'referral'; readonly servers: RRset; readonly glue: readonly ResourceRecord[] }
  /** The server does not serve the zone; `why` is a clause about it. Another server may. */
  | { readonly kind: 'lame'; readonly why: string };

/**
 * What a reply to `question` means, from a server to which `zone` is delegated. Records outside the zone are ignored:
 * RFC 5452 §6, "Only accept data if it is known that the originator is authoritative for the QNAME or a parent of the
 * QNAME". With `dnssecOk` signatures and proofs are kept. Pure.
 */
export function judgeReply(
  reply: Message,
  question: Question,
  zone: Name,
  dnssecOk: boolean,
): AuthorityVerdict {
  const { rcode } = reply;
  if (rcode !== Rcode.NOERROR && rcode !== Rcode.NXDOMAIN && rcode !== Rcode.YXDOMAIN) {
    return lame(`answers ${rcodeToText(rcode)}`);
  }
  const inZone = (record: ResourceRecord) => record.class === Class.IN && record.name.isWithin(zone);
  const view: View = {
    question,
    zone,
    dnssecOk,
    rcode,
    answers: reply.answers.filter(inZone),
    authorities: reply.authorities.filter(inZone),
    additionals: reply.additionals.filter(inZone),
    hasForeignSoa: reply.authorities.some((record) => record.type === Type.SOA && !inZone(record)),
  };
  const referral = findReferral(view);
  if (referral !== undefined) return referral;
  // RFC 1035 §4.1.1: AA "specifies that the responding name server is an authority for the domain name in question".
  // This server was named as one; what a cache might hold does not count.
  if (!reply.flags.authoritative) {
    const refers = reply.authorities.some(({ type }) => type === Type.NS);
    return lame(
      refers ? 'answers with a referral that leads no closer' : 'is not authoritative for the name',
    );
  }
  return readAnswer(view);
}

/** The part of a reply that is accepted. */
interface View {
  readonly question: Question;
  readonly zone: Name;
  readonly dnssecOk: boolean;
  readonly rcode: number;
  readonly answers: readonly ResourceRecord[];
  readonly authorities: readonly ResourceRecord[];
  readonly additionals: readonly ResourceRecord[];
  /** Whether the reply had an SOA of another zone. */
  readonly hasForeignSoa: boolean;
}

/**
 * A delegation further down: RFC 1034 §4.3.2, step 3b, from the client's side. Only one that leads closer to the name
 * counts, so that a series of referrals ends.
 */
function findReferral(view: View): AuthorityVerdict | undefined {
  const { question, zone, rcode, answers, authorities, additionals } = view;
  const isNegative = rcode !== Rcode.NOERROR || authorities.some(({ type }) => type === Type.SOA);
  if (isNegative || answers.length > 0) return undefined;
  const [first, ...others] = authorities.filter(
    ({ name, type }) =>
      type === Type.NS && name.labels.length > zone.labels.length && question.name.isWithin(name),
  );
  if (first === undefined) return undefined;
  const servers: RRset = [first, ...others.filter(({ name }) => name.equals(first.name))];
  const glue = additionals.filter(({ type }) => type === Type.A || type === Type.AAAA);
  return { kind: 'referral', servers, glue };
}

/** Follows the aliases of an answer to their end, whatever the order of the records. */
function readAnswer(view: View): AuthorityVerdict {
  const { question, zone } = view;
  const chain: ResourceRecord[] = [];
  const seen = new Set<string>();
  let name = question.name;
  for (let steps = 0; ; steps++) {
    seen.add(name.key);
    const found = recordsAt(view, name, question.type);
    if (found.length > 0) {
      return {
        kind: 'answer',
        rcode: Rcode.NOERROR,
        answers: [...chain, ...found],
        authorities: proofs(view),
        additionals: view.additionals.filter(({ type }) => type === Type.A || type === Type.AAAA),
      };
    }
    const alias = aliasAt(view, name);
    if (alias === undefined) return readEnd(view, name, chain, steps);
    if (steps === MAX_ALIASES) return lame(`answers with more than ${MAX_ALIASES} aliases`);
    chain.push(...alias.records);
    if (alias.target === 'too-long') return negative(view, Rcode.YXDOMAIN, chain, []);
    if (!alias.target.isWithin(zone)) {
      return { kind: 'alias', chain, target: alias.target, steps: steps + 1 };
    }
    if (seen.has(alias.target.key)) return lame('answers with an alias loop');
    name = alias.target;
  }
}

/** What the reply says about the last name, for which it has no record. */
function readEnd(view: View, name: Name, chain: ResourceRecord[], steps: number): AuthorityVerdict {
  const { authorities, rcode, hasForeignSoa } = view;
  const soa = authorities.find((record) => record.type === Type.SOA && name.isWithin(record.name));
  if (soa !== undefined && rcode !== Rcode.YXDOMAIN) return negative(view, rcode, chain, [negativeSoa(soa)]);
  // The server may not know more than we do: the end of the chain can be behind another delegation.
  if (steps > 0) return { kind: 'alias', chain, target: name, steps };
  if (hasForeignSoa || rcode === Rcode.YXDOMAIN) return lame('answers for another zone');
  // RFC 2308 §2.2.1: old servers give negative answers without an SOA. They are accepted and not cached (§5).
  return negative(view, rcode, chain, []);
}

function negative(
  view: View,
  rcode: number,
  chain: readonly ResourceRecord[],
  soa: readonly ResourceRecord[],
): AuthorityVerdict {
  const authorities = [...soa, ...proofs(view)];
  return { kind: 'answer', rcode, answers: chain, authorities, additionals: [] };
}

/** The records of `name` that answer `type`, with the owner name in the case of the question, and signatures if wanted. */
function recordsAt({ answers, dnssecOk }: View, name: Name, type: number): ResourceRecord[] {
  const here = answers.filter((record) => record.name.equals(name));
  const isAsked = (record: ResourceRecord) => type === Type.ANY || record.type === type;
  const found = here.filter(isAsked);
  if (found.length === 0) return [];
  const signatures = here.filter((record) => dnssecOk && !isAsked(record) && isSignatureOver(record, type));
  return [...found, ...signatures].map((record) => ({ ...record, name }));
}

interface Alias {
  readonly records: readonly ResourceRecord[];
  readonly target: Name | 'too-long';
}

/**
 * The alias at `name`. A DNAME above it comes first, and its CNAME is synthesized here instead of taken from the reply:
 * RFC 6672 §3.1, "synthesized CNAME RRs cannot be signed", so nothing else would tie it to the DNAME.
 */
function aliasAt({ answers, dnssecOk }: View, name: Name): Alias | undefined {
  const withSignatures = (record: ResourceRecord): ResourceRecord[] => [
    record,
    ...(dnssecOk ? signaturesOver(record, answers) : []),
  ];
  const dname = answers.find(
    (record) =>
      record.type === Type.DNAME &&
      record.name.labels.length < name.labels.length &&
      name.isWithin(record.name),
  );
  if (dname !== undefined) {
    const redirected = redirect(name, dname);
    if (redirected === 'too-long') return { records: withSignatures(dname), target: redirected };
    const { target, cname } = redirected;
    return { records: [...withSignatures(dname), cname], target };
  }
  const cname = answers.find((record) => record.type === Type.CNAME && record.name.equals(name));
  if (cname === undefined) return undefined;
  return { records: withSignatures({ ...cname, name }), target: rdataName(cname.rdata) };
}

/** RFC 4035 §3.1.3: the proofs that a name or type does not exist, or that a wildcard was expanded. */
function proofs({ authorities, dnssecOk }: View): ResourceRecord[] {
  if (!dnssecOk) return [];
  return authorities.filter(
    (record) =>
      record.type === Type.NSEC ||
      record.type === Type.NSEC3 ||
      [Type.SOA, Type.NSEC, Type.NSEC3].some((type) => isSignatureOver(record, type)),
  );
}

function lame(why: string): AuthorityVerdict {
  return { kind: 'lame', why };
}
