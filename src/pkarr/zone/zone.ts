import { Type } from '../../dns/codes.ts';
import { redirect } from '../../dns/dname.ts';
import type { Name } from '../../dns/name.ts';
import type { Question } from '../../dns/question.ts';
import { type ResourceRecord, type RRset, rdataName } from '../../dns/record.ts';
import { negativeSoa } from '../../dns/soa.ts';
import type { SignedPacket } from '../signed-packet.ts';
import type { ServiceTarget, ZoneAnswer } from './answer.ts';
import { type DecodedZone, type ZoneNode, zoneOf } from './decoded-zone.ts';
import { zoneSoa } from './soa.ts';
import { isZoneCut } from './zone-cut.ts';

/** Aliases that one lookup may follow. */
const DEFAULT_MAX_STEPS = 16;

/** Seconds that a negative answer may be cached when the packet has no SOA record. */
const DEFAULT_NEGATIVE_TTL = 300;

/** Limits of a zone lookup. */
export interface ZoneLookupOptions {
  /** Maximum number of aliases to follow, from 0; 16 by default. */
  readonly maxSteps?: number;
  /** TTL and MINIMUM of the synthetic SOA record in seconds, 0 to 2^31 − 1; 300 by default. */
  readonly negativeTtl?: number;
}

/**
 * Answers a question of class IN from a packet as an authoritative server for the key's zone would: RFC 1034 §4.3.2
 * with DNAME (RFC 6672), wildcards (RFC 4592) and empty non-terminals (RFC 8020). Pure.
 *
 * Owner names in the answer have the case of the question; after an alias, the case of the alias target.
 * @throws RangeError when the question's name is not at or below the key's name: a bug of the caller.
 */
export function lookupZone(
  packet: SignedPacket,
  question: Question,
  options: ZoneLookupOptions = {},
): ZoneAnswer {
  const { maxSteps = DEFAULT_MAX_STEPS, negativeTtl = DEFAULT_NEGATIVE_TTL } = options;
  const zone = zoneOf(packet);
  const { apex } = zone;
  if (!question.name.isWithin(apex)) throw new RangeError(`${question.name} is not in the zone ${apex}.`);
  const soa = zoneSoa(packet, zone, negativeTtl);
  const chain: ResourceRecord[] = [];
  const seen = new Set<string>();
  let name = question.name;
  for (let steps = 0; ; steps++) {
    seen.add(name.key);
    const match = matchName(zone, name, question.type);
    const common = { chain, steps };
    switch (match.kind) {
      case 'delegation':
        return {
          kind: 'referral',
          name,
          servers: match.servers,
          glue: glueOf(zone, match.servers),
          ...common,
        };
      case 'no-name':
        return { kind: 'name-error', soa: negativeSoa(soa), ...common };
      case 'node': {
        const records = selectRecords(match.node, name, question.type, name.equals(apex) ? soa : undefined);
        if (records === undefined) return { kind: 'no-data', soa: negativeSoa(soa), ...common };
        return { kind: 'answer', records, serviceTargets: serviceTargetsOf(records), ...common };
      }
      case 'alias': {
        if (steps >= maxSteps) return { kind: 'loop', why: 'too-many-steps', ...common };
        chain.push(...match.records);
        const after = { chain, steps: steps + 1 };
        if (match.target === 'too-long') return { kind: 'name-too-long', ...after };
        if (!match.target.isWithin(apex)) return { kind: 'alias', target: match.target, ...after };
        if (seen.has(match.target.key)) return { kind: 'loop', why: 'repeats', ...after };
        // RFC 1034 §4.3.2, step 3a: "change QNAME to the canonical name in the CNAME RR, and go back to step 1".
        name = match.target;
      }
    }
  }
}

/** What the zone has at a name, for any type. */
type Match =
  | { readonly kind: 'delegation'; readonly servers: RRset }
  | { readonly kind: 'node'; readonly node: ZoneNode }
  | { readonly kind: 'no-name' }
  | {
      readonly kind: 'alias';
      readonly records: readonly ResourceRecord[];
      readonly target: Name | 'too-long';
    };

/**
 * Step 3 of RFC 1034 §4.3.2: "Start matching down, label by label, in the zone." From the apex down, so that a
 * delegation or a DNAME hides everything below it, glue included.
 */
function matchName(zone: DecodedZone, name: Name, type: number): Match {
  const depth = name.labels.length;
  for (let count = zone.apex.labels.length; count <= depth; count++) {
    const here = name.ancestor(count);
    const node = zone.node(here);
    if (node === undefined) return matchWildcard(zone, name, type, here.parent);
    const isLast = count === depth;
    const servers = node.get(Type.NS);
    // Step 3b: "If a match would take us out of the authoritative data, we have a referral. This happens when we
    // encounter a node with NS RRs marking cuts along the bottom of a zone." The apex's own NS mark no cut.
    // RFC 4035 §3.1.4.1: the DS RRset of the cut belongs to this side of it.
    const isCut = servers !== undefined && count > zone.apex.labels.length && isZoneCut(servers);
    if (isCut && !(isLast && type === Type.DS)) {
      return { kind: 'delegation', servers: ownedBy(servers, here) };
    }
    if (isLast) return matchNode(node, name, type);
    const dname = node.get(Type.DNAME)?.[0];
    if (dname !== undefined) return matchDname(dname, here, name);
  }
  // Not reached: the last iteration returns, and there is at least one because the name is in the zone.
  return { kind: 'no-name' };
}

/**
 * Step 3a: "If the data at the node is a CNAME, and QTYPE doesn't match CNAME, copy the CNAME RR into the answer
 * section of the response, change QNAME to the canonical name". RFC 1034 §3.6.2 forbids other data beside a CNAME; if a
 * packet has some anyway, the CNAME wins for every type, so that a cache's view does not depend on what was asked first.
 * Type ANY matches CNAME.
 */
function matchNode(node: ZoneNode, name: Name, type: number): Match {
  const cname = node.get(Type.CNAME)?.[0];
  if (cname === undefined || type === Type.CNAME || type === Type.ANY) return { kind: 'node', node };
  return { kind: 'alias', records: [{ ...cname, name }], target: rdataName(cname.rdata) };
}

/**
 * Step 3c: "If at some label, a match is impossible (i.e., the corresponding label does not exist), look to see if a
 * the "*" label exists." RFC 4592 §3.3.1: only the one directly below the closest encloser counts, so that an existing name hides
 * wildcards above it. A DNAME or NS at the wildcard is not expanded (RFC 4592 §4.2 and §4.4): there they are plain data.
 */
function matchWildcard(zone: DecodedZone, name: Name, type: number, closestEncloser: Name): Match {
  // When a wildcard name below the closest encloser would be over 255 octets, there can be none.
  if (closestEncloser.wireLength + 2 > 255) return { kind: 'no-name' };
  const node = zone.node(closestEncloser.child('*'));
  return node === undefined ? { kind: 'no-name' } : matchNode(node, name, type);
}

/**
 * RFC 6672 §3.2, step 3C: "perform the substitution and continue. The server MUST synthesize a CNAME record as
 * described above and include it in the answer section", with the DNAME before it.
 */
function matchDname(dname: ResourceRecord, owner: Name, name: Name): Match {
  const record = { ...dname, name: owner };
  const redirected = redirect(name, record);
  if (redirected === 'too-long') return { kind: 'alias', records: [record], target: redirected };
  const { target, cname } = redirected;
  return { kind: 'alias', records: [record, cname], target };
}

/**
 * The RRset that answers, with `name` as its owner; undefined when there is none. The apex always has an SOA record:
 * `soa`. For ANY one RRset, as RFC 8482 §4.1 allows: the first in the packet.
 */
function selectRecords(
  node: ZoneNode,
  name: Name,
  type: number,
  soa: ResourceRecord | undefined,
): RRset | undefined {
  const records = type === Type.ANY ? [...node.values()][0] : node.get(type);
  if (records !== undefined) return ownedBy(records, name);
  return soa !== undefined && (type === Type.SOA || type === Type.ANY) ? [{ ...soa, name }] : undefined;
}

function ownedBy([first, ...others]: RRset, name: Name): RRset {
  return [{ ...first, name }, ...others.map((record) => ({ ...record, name }))];
}

/** RFC 1034 §4.3.2, step 3b: "Put whatever addresses are available into the additional section". */
function glueOf(zone: DecodedZone, servers: RRset): ResourceRecord[] {
  return servers.flatMap(({ rdata }) => {
    const server = rdataName(rdata);
    const node = zone.node(server);
    return [Type.A, Type.AAAA].flatMap((type) => node?.get(type) ?? []);
  });
}

function serviceTargetsOf(records: RRset): ServiceTarget[] {
  return records.flatMap((record): ServiceTarget[] => {
    if (record.type !== Type.HTTPS && record.type !== Type.SVCB) return [];
    const priority = new DataView(record.rdata.buffer, record.rdata.byteOffset).getUint16(0);
    const target = rdataName(record.rdata, 2);
    // RFC 9460 §2.4.1: "When SvcPriority is 0, the SVCB record is in AliasMode"; §2.5.1: there "." "indicates that
    // the service is not available or does not exist".
    if (priority === 0) return target.isRoot ? [] : [{ mode: 'alias', target }];
    // §2.5.2: in ServiceMode "." stands for "the owner name of this record".
    return [{ mode: 'service', target: target.isRoot ? record.name : target }];
  });
}
